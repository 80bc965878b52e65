package io.weightspan.server.repo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.repo.GarbageCollector.Report;
import io.weightspan.server.repo.GarbageCollector.Unreachable;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Garbage collections and ingests that meet at the worst moments. */
class GcRaceTest {

    private static final int WIDTH = 128;

    @TempDir
    Path folder;

    private ObjectStore store;
    private GcStores stores;

    @BeforeEach
    void open() throws IOException {
        store = FolderObjectStore.openOrCreate(folder.resolve("store"));
        stores = new GcStores(store);
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    private Path model(String name, long tune) throws IOException {
        return TestModels.model(folder.resolve("models").resolve(name), 42, tune, WIDTH);
    }

    /** Does something. */
    @FunctionalInterface
    private interface Action {
        void run() throws IOException;
    }

    /** A hook that does something once, before the first call of which a test holds. */
    private static HookedStore.Hook once(Moment moment, Action action) {
        boolean[] done = new boolean[1];
        return (method, arguments) -> {
            if (!done[0] && moment.is(method, arguments)) {
                done[0] = true;
                action.run();
            }
        };
    }

    /** Tells calls apart. */
    @FunctionalInterface
    private interface Moment {
        boolean is(String method, Object[] arguments);

        static Moment call(String name) {
            return (method, arguments) -> method.equals(name);
        }

        /** Setting a value to a text, or removing it where that is null. */
        static Moment set(String keyPrefix, String textPrefix) {
            return (method, arguments) -> method.equals("compareAndSet")
                    && arguments[0].toString().startsWith(keyPrefix)
                    && arguments[2] != null
                    && arguments[2].toString().startsWith(textPrefix);
        }
    }

    private Report gcThrough(HookedStore.Hook hook) throws IOException {
        return stores.gc(HookedStore.of(store, hook), GcStores.GRACE, false);
    }

    private List<Commit> packThrough(HookedStore.Hook hook, Path model, Optional<Commit> base) throws IOException {
        return GcStores.pack(HookedStore.of(store, hook), PackCoding.EXACT, base, List.of(model));
    }

    private void gcTwice() throws IOException {
        stores.gcTwice();
    }

    @Test
    void commitThatLandsAfterTheRefsAreReadStays() throws IOException {
        Path model = model("late", 1);
        Report report = gcThrough(once(Moment.call("list"), () -> stores.pack(model, Optional.empty())));
        assertThat(report.unreachable()).as("not seen yet").hasSize(stores.objects().size());
        assertThat(report.removed()).isEmpty();
        assertThat(stores.marked()).hasSize(stores.objects().size());
        stores.pass(GcStores.GRACE.plusDays(1));
        assertThat(stores.gc().unreachable()).isEmpty();
        assertThat(stores.marked()).isEmpty();
        assertThat(stores.failures()).isEmpty();
    }

    @Test
    void whatIsReusedBetweenLookingAndDeletingStays() throws IOException {
        Path model = model("m", 1);
        Commit before = stores.pack(model, Optional.empty());
        stores.deleteRepo(before.repo());
        stores.gc();
        stores.pass(GcStores.GRACE.plusMinutes(1));
        Report report = gcThrough(
                once(Moment.set("gc/", "deleting"), () -> stores.pack(model, Optional.empty())));
        assertThat(report.unreachable()).hasSize(5);
        assertThat(report.removed()).extracting(Unreachable::object).containsExactly(before.object());
        assertThat(stores.failures()).isEmpty();
        assertThat(stores.gc().unreachable()).isEmpty();
    }

    @Test
    void ingestThatComesTooLateWaitsAndStoresAgain() throws Exception {
        Path model = model("m", 1);
        Commit before = stores.pack(model, Optional.empty());
        stores.deleteRepo(before.repo());
        stores.gc();
        stores.pass(GcStores.GRACE.plusMinutes(1));
        try (ExecutorService other = Executors.newSingleThreadExecutor()) {
            AtomicReference<Future<Commit>> pack = new AtomicReference<>();
            Report report = gcThrough(once(Moment.call("delete"), () -> {
                pack.set(other.submit(() -> stores.pack(model, Optional.empty())));
                try {
                    // Long enough to find the object whose deletion is announced.
                    Thread.sleep(200);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
            assertThat(report.removed()).isNotEmpty();
            assertThat(pack.get().get().files()).isEqualTo(before.files());
        }
        assertThat(stores.failures()).isEmpty();
        assertThat(stores.gcTwice().unreachable()).allMatch(one -> one.object().equals(before.object()));
        assertThat(stores.failures()).isEmpty();
    }

    @Test
    void collectionsAtOnceShareTheWork() throws Exception {
        for (int i = 0; i < 6; i++) {
            stores.deleteRepo(stores.pack(model("m" + i, i), Optional.empty()).repo());
        }
        Commit kept = stores.pack(model("kept", 9), Optional.empty());
        stores.gc();
        Set<Digest> due = new TreeSet<>(stores.marked());
        stores.pass(GcStores.GRACE.plusMinutes(1));
        List<Digest> removed = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
            List<Future<Report>> runs = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                runs.add(pool.submit(() -> {
                    try (ObjectStore own = FolderObjectStore.open(folder.resolve("store"))) {
                        return stores.gc(own, GcStores.GRACE, false);
                    }
                }));
            }
            for (Future<Report> run : runs) {
                run.get().removed().forEach(one -> removed.add(one.object()));
            }
        }
        assertThat(removed).containsExactlyInAnyOrderElementsOf(due);
        assertThat(new Repositories(store).list()).containsExactly(kept.repo());
        assertThat(stores.failures()).isEmpty();
        stores.gc();
        assertThat(stores.marked()).isEmpty();
    }

    @Test
    void ingestThatTakesLongerThanTheGraceFailsCleanly() throws IOException {
        Path model = model("slow", 1);
        // The commit is the only object that is put as bytes: all others are there by then.
        Moment committing = (method, arguments) -> method.equals("put") && arguments[0] instanceof byte[];
        assertThatThrownBy(() -> packThrough(once(committing, this::gcTwice), model, Optional.empty()))
                .isInstanceOf(ObjectNotFoundException.class);
        assertThat(new Repositories(store).list()).isEmpty();
        assertThat(stores.objects()).as("leftovers").isEmpty();
        stores.pack(model, Optional.empty());
        assertThat(stores.failures()).isEmpty();
    }

    @Test
    void whatIsMarkedWhileACommitIsMadeIsKept() throws IOException {
        Path model = model("m", 1);
        Moment committing = (method, arguments) -> method.equals("put") && arguments[0] instanceof byte[];
        packThrough(once(committing, () -> {
            stores.gc();
            stores.pass(GcStores.GRACE.plusMinutes(1));
        }), model, Optional.empty());
        assertThat(stores.marked()).isEmpty();
        assertThat(stores.gc().unreachable()).isEmpty();
        assertThat(stores.failures()).isEmpty();
    }

    @Test
    void baseWhoseRepositoryGoesWhileItIsUsedIsKeptOrThePackFails() throws IOException {
        Commit base = stores.pack(model("base", 0), Optional.empty());
        Path tuned = model("tuned", 1);
        Moment encoding = Moment.call("take");
        Commit commit = packThrough(once(encoding, () -> {
            stores.deleteRepo(base.repo());
            stores.gc();
            stores.pass(GcStores.GRACE.plusMinutes(1));
        }), tuned, Optional.of(base)).getFirst();
        assertThat(stores.gc().removed()).isNotEmpty();
        assertThat(store.exists(base.file("model.safetensors").object())).isTrue();
        assertThat(stores.failures()).isEmpty();

        stores.deleteRepo(commit.repo());
        Commit again = stores.pack(model("base", 5), Optional.empty());
        Moment committing = (method, arguments) -> method.equals("put") && arguments[0] instanceof byte[];
        assertThatThrownBy(() -> packThrough(once(committing, () -> {
            stores.deleteRepo(again.repo());
            gcTwice();
        }), model("other", 6), Optional.of(again))).isInstanceOf(ObjectNotFoundException.class);
        assertThat(new Repositories(store).list()).isEmpty();
    }

    @Test
    void refThatIsRenamedWhileRefsAreReadIsNotMissedStGc002() throws IOException {
        Commit commit = stores.pack(model("m", 1), Optional.empty());
        // Marks from a collection that had missed the commit when it landed.
        for (Digest object : stores.objects()) {
            String hex = object.hex();
            store.compareAndSet("gc/" + hex.substring(0, 2) + "/" + hex.substring(2), null, "since 5\n");
        }
        String main = Repositories.branchKey(commit.repo(), "main");
        Moment reading = (method, arguments) -> method.equals("value") && arguments[0].equals(main);
        Report report = gcThrough(once(reading, () -> {
            String text = Repositories.refText(commit.object());
            store.compareAndSet(Repositories.branchKey(commit.repo(), "another"), null, text);
            store.compareAndSet(main, text, null);
        }));
        assertThat(report.unreachable()).isEmpty();
        assertThat(stores.marked()).isEmpty();
        assertThat(stores.failures()).isEmpty();
    }

    @Test
    void commitThatGoesWhileItIsReadIsNoDamage() throws IOException {
        Commit gone = stores.pack(model("gone", 1), Optional.empty());
        Commit kept = stores.pack(model("kept", 2), Optional.empty());
        Moment reading = (method, arguments) -> method.equals("open") && arguments[0].equals(gone.object());
        Report report = gcThrough(once(reading, () -> {
            stores.deleteRepo(gone.repo());
            store.delete(gone.object());
        }));
        assertThat(report.removed()).isEmpty();
        assertThat(report.unreachable()).isNotEmpty();
        Set<Digest> reachable = new HashSet<>(stores.objects());
        report.unreachable().forEach(one -> reachable.remove(one.object()));
        assertThat(reachable).contains(kept.object(), kept.file("model.safetensors").object());
        assertThat(stores.failures()).isEmpty();
    }

    @Test
    void collectionThatDiesAnywhereIsGoneOnWith() throws IOException {
        Commit base = stores.pack(model("base", 0), Optional.empty());
        Commit kept = stores.pack(model("kept", 1), Optional.of(base));
        Commit gone = stores.pack(model("gone", 2), Optional.empty());
        stores.deleteRepo(base.repo());
        stores.deleteRepo(gone.repo());
        for (int allowed = 0;; allowed++) {
            int[] left = {allowed};
            HookedStore.Hook killer = (method, arguments) -> {
                boolean writes = method.equals("compareAndSet") || method.equals("delete");
                if (writes && left[0]-- <= 0) {
                    throw new IOException("killed");
                }
            };
            try {
                Report report = gcThrough(killer);
                stores.pass(GcStores.GRACE.plusMinutes(1));
                if (report.unreachable().isEmpty() && stores.marked().isEmpty()) {
                    break;
                }
            } catch (IOException e) {
                assertThat(e).hasMessage("killed");
                stores.pass(GcStores.GRACE.plusMinutes(1));
            }
            assertThat(stores.failures()).as("after %s writes", allowed).isEmpty();
        }
        Set<Digest> needed = new TreeSet<>();
        needed.add(kept.object());
        kept.files().forEach(file -> needed.add(file.object()));
        needed.add(base.file("model.safetensors").object());
        assertThat(stores.objects()).isEqualTo(needed);
    }
}
