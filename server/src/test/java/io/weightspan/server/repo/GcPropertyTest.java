package io.weightspan.server.repo;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;

/**
 * Packs, deletions and garbage collections in random order, and in the middle of each other. Whatever the order,
 * everything that a ref reaches verifies, and in the end nothing is left of what is deleted.
 */
class GcPropertyTest {

    private static final int WIDTH = 64;
    private static final int MODELS = 4;

    /** What happens. */
    enum Kind {
        PACK,
        PACK_ON_BASE,
        PACK_MANY,
        /** A commit of plain files, as clients of the Hub make them. */
        UPLOAD,
        /** Encoding of what was uploaded. */
        ENCODE,
        DELETE,
        TAG,
        GC,
        DRY_RUN,
        /** A collection in the middle of which a pack is done. */
        GC_WITH_PACK,
        /** A collection in the middle of which files are uploaded, or those that wait encoded. */
        GC_WITH_UPLOAD,
        GC_WITH_ENCODE,
        /** An upload or encoding in the middle of which two collections are done, the second a day after the first. */
        UPLOAD_WITH_GC,
        ENCODE_WITH_GC,
        /** A pack in the middle of which two collections are done, the second a day after the first. */
        PACK_WITH_GC
    }

    /**
     * One thing that happens.
     *
     * @param model which repository
     * @param tune which state of it
     * @param first the call of the store before which another thing is done
     * @param second the same, for a second thing
     */
    record Step(Kind kind, int model, int tune, int first, int second) {}

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Step> step = Combinators.combine(
                Arbitraries.of(Kind.class),
                Arbitraries.integers().between(0, MODELS - 1),
                Arbitraries.integers().between(0, 2),
                Arbitraries.integers().between(0, 70),
                Arbitraries.integers().between(0, 70))
                .as(Step::new);
        return step.list().ofMinSize(6).ofMaxSize(14);
    }

    @Property(tries = 8, shrinking = ShrinkingMode.OFF)
    void whatIsReachableVerifiesWhateverHappens(@ForAll("steps") List<Step> steps) throws IOException {
        Path folder = Files.createTempDirectory("gc");
        try (ObjectStore store = FolderObjectStore.openOrCreate(folder.resolve("store"))) {
            Run run = new Run(folder, store, new GcStores(store));
            for (Step step : steps) {
                run.take(step);
                assertThat(run.stores.failures()).as(step.toString()).isEmpty();
            }
            run.end();
        } finally {
            delete(folder);
        }
    }

    private static void delete(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> walk = Files.walk(folder)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.delete(path);
        }
    }

    /** One store and what has happened to it. */
    private record Run(Path folder, ObjectStore store, GcStores stores) {

        void take(Step step) throws IOException {
            switch (step.kind()) {
                case PACK -> stores.pack(model(step), Optional.empty());
                case PACK_ON_BASE -> stores.pack(model(step), base(step));
                case PACK_MANY -> packMany(step);
                case UPLOAD -> upload(store, step);
                case ENCODE -> encode(store);
                case DELETE -> stores.deleteRepo(repo(step.model()));
                case TAG -> {
                    Optional<Commit> head = new Repositories(store).head(repo(step.model()), "main");
                    if (head.isPresent()) {
                        stores.tag(head.get(), "v" + step.tune());
                    }
                }
                case GC -> {
                    stores.gc();
                    stores.pass(Duration.ofHours(13));
                }
                case DRY_RUN -> stores.dryRun();
                case GC_WITH_PACK -> gcWith(step, () -> stores.pack(model(step), base(step)));
                case GC_WITH_UPLOAD -> gcWith(step, () -> upload(store, step));
                case GC_WITH_ENCODE -> gcWith(step, () -> encode(store));
                case PACK_WITH_GC -> withGc(
                        step,
                        hooked -> GcStores.pack(hooked, PackCoding.EXACT, base(step), List.of(model(step))));
                case UPLOAD_WITH_GC -> withGc(step, hooked -> upload(hooked, step));
                case ENCODE_WITH_GC -> withGc(step, Run::encode);
            }
        }

        private static RepoId repo(int model) {
            return RepoId.of("models/m" + model);
        }

        private Path model(Step step) throws IOException {
            return TestModels.model(folder.resolve("models/m" + step.model()), 42, step.tune(), WIDTH);
        }

        private Optional<Commit> base(Step step) throws IOException {
            return new Repositories(store).head(repo((step.model() + 1) % MODELS), "main");
        }

        private void packMany(Step step) throws IOException {
            List<Path> models = new ArrayList<>();
            for (int i = 0; i < MODELS; i++) {
                models.add(model(new Step(step.kind(), i, step.tune() + i, 0, 0)));
            }
            GcStores.pack(store, PackCoding.EXACT, Optional.empty(), models);
        }

        private void upload(ObjectStore through, Step step) throws IOException {
            Repositories repositories = new Repositories(through);
            RepositoryEditor editor = new RepositoryEditor(repositories);
            RepoId repo = repo(step.model());
            if (!repositories.exists(repo)) {
                editor.create(repo, RepoSettings.DEFAULT, "me");
            }
            Path file = model(step).resolve("model.safetensors");
            try (StoreSession session = through.openSession();
                    InputStream in = Files.newInputStream(file)) {
                Uploads uploads = new Uploads(repositories);
                Fingerprint sent = Fingerprint.of(file);
                uploads.receive(session, in, sent.size(), sent.sha256());
                uploads.note(repo, sent, false);
                CommitFile named = uploads.find(repo, sent.sha256())
                        .orElseThrow(() -> new ObjectNotFoundException("the store", sent.sha256()))
                        .at("model.safetensors");
                editor.commit(session, edit(repo, named), "models");
            }
        }

        private static CommitEdit edit(RepoId repo, CommitFile file) {
            return new CommitEdit(repo, "main", "me", "upload", Optional.empty(), List.of(new CommitEdit.Put(file)));
        }

        private static void encode(ObjectStore through) throws IOException {
            PendingFiles pending = new PendingFiles(through, InstantSource.system());
            for (Digest file : pending.list()) {
                Optional<PendingFiles.Taken> taken = pending.take(file, Duration.ZERO);
                if (taken.isPresent()) {
                    new LateEncoder(new Repositories(through))
                            .encode(taken.get().repo(), file, false, PackListener.NONE);
                    pending.done(taken.get());
                }
            }
        }

        /** Something that is done to a store. */
        private interface Work {
            void run() throws IOException;
        }

        /** Something that is done through a store. */
        private interface Through {
            void run(ObjectStore hooked) throws IOException;
        }

        private void gcWith(Step step, Work work) throws IOException {
            int[] calls = new int[1];
            boolean[] done = new boolean[1];
            ObjectStore hooked = HookedStore.of(store, (method, arguments) -> {
                boolean isDeletionUnderWay = method.equals("delete")
                        || method.equals("compareAndSet") && String.valueOf(arguments[1]).startsWith("deleting");
                // Work would wait for that deletion, which waits for this hook.
                if (calls[0]++ >= step.first() && !done[0] && !isDeletionUnderWay) {
                    done[0] = true;
                    work.run();
                }
            });
            stores.gc(hooked, GcStores.GRACE, false);
        }

        private void withGc(Step step, Through work) throws IOException {
            int[] calls = new int[1];
            int[] collections = new int[1];
            boolean[] isCommitting = new boolean[1];
            ObjectStore hooked = HookedStore.of(store, (method, arguments) -> {
                int call = calls[0]++;
                if (call == Math.min(step.first(), step.second()) || call == Math.max(step.first(), step.second())) {
                    // From keeping to setting the ref no writer takes as long as the grace.
                    if (collections[0]++ > 0 && !isCommitting[0]) {
                        stores.pass(GcStores.GRACE.plusMinutes(1));
                    }
                    stores.gc();
                }
                isCommitting[0] |= method.equals("put") && arguments[0] instanceof byte[] || method.equals("take");
                isCommitting[0] &= !method.equals("compareAndSet");
            });
            try {
                work.run(hooked);
            } catch (ObjectNotFoundException e) {
                // It took longer than the grace, which it may not survive; what counts is what is committed.
                assertThat(collections[0]).isEqualTo(2);
            }
        }

        void end() throws IOException {
            for (int m = 0; m < MODELS; m++) {
                stores.deleteRepo(repo(m));
            }
            stores.gcTwice();
            stores.gcTwice();
            assertThat(stores.objects()).isEmpty();
            assertThat(stores.marked()).isEmpty();
            assertThat(stores.hints()).isEmpty();
            assertThat(store.keys("encoded/")).isEmpty();
            assertThat(store.keys("uploads/")).isEmpty();
        }
    }
}
