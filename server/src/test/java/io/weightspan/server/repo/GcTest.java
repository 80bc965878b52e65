package io.weightspan.server.repo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Fidelity;
import io.weightspan.format.v1.Role;
import io.weightspan.server.repo.GarbageCollector.Report;
import io.weightspan.server.repo.GarbageCollector.Unreachable;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a garbage collection removes and what it leaves. */
class GcTest {

    private static final int WIDTH = 256;

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

    @Test
    void whatIsReachableStays() throws IOException {
        Commit base = stores.pack(model("base", 0), Optional.empty());
        stores.pack(model("tuned", 1), Optional.of(base));
        Set<Digest> before = stores.objects();
        Report report = stores.gcTwice();
        assertThat(report).isEqualTo(new Report(before.size(), stores.bytes(), List.of()));
        assertThat(stores.objects()).isEqualTo(before);
        assertThat(stores.marked()).isEmpty();
    }

    @Test
    void whatARepositoryAloneHadGoesAfterTheGrace() throws IOException {
        Commit kept = stores.pack(model("kept", 1), Optional.empty());
        Set<Digest> before = stores.objects();
        Commit gone = stores.pack(model("gone", 2), Optional.empty());
        Set<Digest> alone = new TreeSet<>(stores.objects());
        alone.removeAll(before);
        long all = stores.bytes();
        stores.deleteRepo(gone.repo());

        Report first = stores.gc();
        assertThat(first.objects()).isEqualTo(before.size() + alone.size());
        assertThat(first.bytes()).isEqualTo(all);
        assertThat(first.unreachable()).extracting(Unreachable::object).containsExactlyElementsOf(alone);
        assertThat(first.unreachable()).allMatch(one -> one.since().isEmpty() && !one.removed());
        assertThat(first.removed()).isEmpty();
        assertThat(stores.marked()).containsExactlyElementsOf(alone);
        stores.pass(GcStores.GRACE.minusMinutes(1));
        assertThat(stores.gc().removed()).as("within the grace").isEmpty();
        stores.pass(Duration.ofMinutes(2));

        Report second = stores.gc();
        assertThat(second.removed()).extracting(Unreachable::object).containsExactlyElementsOf(alone);
        assertThat(second.removedBytes()).isEqualTo(all - stores.bytes()).isEqualTo(second.unreachableBytes());
        assertThat(stores.objects()).isEqualTo(before);
        assertThat(stores.marked()).isEmpty();
        assertThat(stores.hints()).as("hints to what is left").hasSize(kept.files().size());
        assertThat(stores.failures()).isEmpty();
        assertThat(stores.gc()).isEqualTo(new Report(before.size(), stores.bytes(), List.of()));
    }

    @Test
    void baseThatARecordNeedsStays() throws IOException {
        Commit base = stores.pack(model("base", 0), Optional.empty());
        Commit tuned = stores.pack(model("tuned", 1), Optional.of(base));
        assertThat(roles(tuned)).containsExactly(Role.ROLE_BASE);
        stores.deleteRepo(base.repo());
        Report report = stores.gcTwice();
        CommitFile weights = base.file("model.safetensors");
        assertThat(report.removed()).extracting(Unreachable::object)
                .contains(base.object())
                .doesNotContain(weights.object());
        assertThat(store.exists(weights.object())).isTrue();
        assertThat(stores.failures()).isEmpty();
        stores.deleteRepo(tuned.repo());
        stores.gcTwice();
        assertThat(stores.objects()).isEmpty();
        assertThat(stores.hints()).isEmpty();
    }

    @Test
    void siblingAndWhatItNeedsStay() throws IOException {
        Commit first = stores.pack(model("a", 1), Optional.empty());
        Commit second = stores.pack(model("b", 2), Optional.empty());
        assertThat(roles(second)).containsExactly(Role.ROLE_SIBLING);
        stores.deleteRepo(first.repo());
        assertThat(stores.gcTwice().removed()).isNotEmpty();
        assertThat(store.exists(first.file("model.safetensors").object())).isTrue();
        assertThat(stores.failures()).isEmpty();
    }

    @Test
    void basisStaysAsLongAsOneRecordNeedsIt() throws IOException {
        PackCoding layered = new PackCoding(
                Fidelity.bounded(0.1), OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty());
        List<Path> models = TestModels.sharingDirections(folder.resolve("models"), 4);
        Commit base = stores.pack(models.getFirst(), Optional.empty());
        List<Commit> members = GcStores.pack(store, layered, Optional.of(base), models.subList(1, 5));
        assertThat(stores.hints().stream().filter(key -> key.startsWith("codings/"))).hasSize(4);
        SharedObject basis = members.get(3).shared().iterator().next();
        for (Commit member : members.subList(0, 3)) {
            stores.deleteRepo(member.repo());
        }
        assertThat(stores.gcTwice().removed()).isNotEmpty();
        assertThat(store.exists(basis.object())).isTrue();
        assertThat(stores.failures()).isEmpty();
        stores.deleteRepo(members.get(3).repo());
        stores.gcTwice();
        assertThat(store.exists(basis.object())).isFalse();
        assertThat(stores.hints()).as("codings too").hasSize(base.files().size());
    }

    @Test
    void historyAndTagsAreReachable() throws IOException {
        Commit first = stores.pack(model("m", 1), Optional.empty());
        stores.tag(first, "v1");
        Commit second = stores.pack(model("m", 2), Optional.empty());
        Commit third = stores.pack(model("m", 3), Optional.empty());
        Set<Digest> before = stores.objects();
        assertThat(stores.gcTwice().removed()).isEmpty();
        assertThat(stores.objects()).isEqualTo(before);

        String branch = Repositories.branchKey(first.repo(), "main");
        store.compareAndSet(branch, Repositories.refText(third.object()), null);
        assertThat(stores.gcTwice().removed()).extracting(Unreachable::object)
                .contains(second.object(), third.object(), third.file("model.safetensors").object());
        assertThat(new Repositories(store).load(first.repo(), first.object())).isEqualTo(first);
        for (CommitFile file : first.files()) {
            assertThat(store.size(file.object())).hasValue(file.storedSize());
        }
    }

    @Test
    void recordThatIsAPlainFileElsewhereKeepsWhatItNeeds() throws IOException {
        Commit base = stores.pack(model("base", 0), Optional.empty());
        Commit tuned = stores.pack(model("tuned", 1), Optional.of(base));
        Digest record = tuned.file("model.safetensors").object();
        Path copies = Files.createDirectories(folder.resolve("models/a-copy"));
        Files.copy(store.localFile(record).orElseThrow(), copies.resolve("record.bin"));
        Commit copy = stores.pack(copies, Optional.empty());
        assertThat(copy.file("record.bin").object()).isEqualTo(record);
        assertThat(copy.file("record.bin").kind()).isEqualTo(FileKind.PLAIN);
        stores.deleteRepo(base.repo());
        stores.gcTwice();
        assertThat(stores.failures()).isEmpty();
        stores.deleteRepo(tuned.repo());
        stores.gcTwice();
        assertThat(stores.objects()).containsExactlyInAnyOrder(copy.object(), record);
    }

    @Test
    void nothingGoesWhereSomethingReachableIsMissingOrDamaged() throws IOException {
        Commit base = stores.pack(model("base", 0), Optional.empty());
        Commit tuned = stores.pack(model("tuned", 1), Optional.of(base));
        Commit gone = stores.pack(model("gone", 2), Optional.empty());
        stores.deleteRepo(base.repo());
        stores.deleteRepo(gone.repo());
        stores.gc();
        stores.pass(GcStores.GRACE.plusDays(1));
        Set<Digest> due = new TreeSet<>(stores.marked());
        assertThat(due).isNotEmpty();
        List<Digest> needed = List.of(
                tuned.object(),
                tuned.file("model.safetensors").object(),
                tuned.file("config.json").object(),
                base.file("model.safetensors").object());
        for (Digest object : needed) {
            Path file = store.localFile(object).orElseThrow();
            byte[] bytes = Files.readAllBytes(file);
            Files.delete(file);
            assertRemovesNothing(object, due);
            try (FileChannel half = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                half.write(java.nio.ByteBuffer.wrap(bytes, 0, bytes.length / 2));
            }
            assertRemovesNothing(object, due);
            Files.write(file, bytes);
        }
        assertThat(stores.gc().removed()).extracting(Unreachable::object).containsExactlyElementsOf(due);
        assertThat(stores.failures()).isEmpty();
    }

    private void assertRemovesNothing(Digest damaged, Set<Digest> due) throws IOException {
        Set<Digest> before = stores.objects();
        assertThatThrownBy(() -> stores.gc())
                .isInstanceOf(CorruptStoreException.class)
                .hasMessageStartingWith("nothing was removed: ")
                .hasMessageContaining(damaged.hex());
        assertThat(stores.objects()).isEqualTo(before).containsAll(due);
    }

    @Test
    void invalidRefStopsEverything() throws IOException {
        stores.deleteRepo(stores.pack(model("m", 1), Optional.empty()).repo());
        store.compareAndSet("refs/models/x/heads/main", null, "nonsense");
        Set<Digest> before = stores.objects();
        assertThatThrownBy(() -> stores.gcTwice()).isInstanceOf(CorruptStoreException.class)
                .hasMessageContaining("refs/models/x/heads/main");
        assertThat(stores.objects()).isEqualTo(before);
    }

    @Test
    void dryRunTellsAndChangesNothing() throws IOException {
        Commit gone = stores.pack(model("gone", 1), Optional.empty());
        stores.deleteRepo(gone.repo());
        Map<String, String> before = files();
        Report unseen = stores.dryRun();
        assertThat(unseen.unreachable()).hasSize(stores.objects().size()).allMatch(one -> !one.removed());
        assertThat(files()).isEqualTo(before);
        stores.gc();
        stores.pass(GcStores.GRACE.plusMinutes(1));
        before = files();
        Report due = stores.dryRun();
        assertThat(due.removed()).hasSize(stores.objects().size());
        assertThat(due.removedBytes()).isEqualTo(stores.bytes()).isEqualTo(due.bytes());
        assertThat(files()).isEqualTo(before);
        assertThat(stores.gc().removed()).extracting(Unreachable::object)
                .containsExactlyElementsOf(due.removed().stream().map(Unreachable::object).toList());
    }

    @Test
    void reusingBeginsTheGraceAnew() throws IOException {
        Path model = model("m", 1);
        Commit before = stores.pack(model, Optional.empty());
        stores.deleteRepo(before.repo());
        stores.gc();
        stores.pass(GcStores.GRACE.plusMinutes(1));
        Commit again = stores.pack(model, Optional.empty());
        assertThat(again.file("model.safetensors")).isEqualTo(before.file("model.safetensors"));
        assertThat(stores.marked()).containsExactly(before.object());
        assertThat(stores.gc().removed()).extracting(Unreachable::object).containsExactly(before.object());
        assertThat(stores.failures()).isEmpty();
    }

    @Test
    void withoutGraceEverythingGoesAtOnceButOnlyWhileNobodyWrites() throws IOException {
        Commit gone = stores.pack(model("gone", 1), Optional.empty());
        stores.deleteRepo(gone.repo());
        try (StoreSession session = store.openSession()) {
            session.put("in flight".getBytes(UTF_8));
            for (Duration grace : List.of(Duration.ZERO, GarbageCollector.LEAST_GRACE.minusMillis(1))) {
                assertThatThrownBy(() -> stores.gc(store, grace, false))
                        .isInstanceOf(StoreBusyException.class)
                        .hasMessageContaining("somebody is writing");
            }
            assertThat(stores.gc(store, Duration.ZERO, true).removed()).hasSize(stores.objects().size());
            assertThat(stores.gc(store, GarbageCollector.LEAST_GRACE, false).removed()).isEmpty();
        }
        assertThat(stores.gc(store, Duration.ZERO, false).removed()).isNotEmpty();
        assertThat(stores.objects()).isEmpty();
        assertThat(stores.marked()).isEmpty();
    }

    @Test
    void marksOfWhatIsGoneAndAbandonedDeletionsAreTidied() throws IOException {
        Commit kept = stores.pack(model("kept", 1), Optional.empty());
        Commit gone = stores.pack(model("gone", 2), Optional.empty());
        stores.deleteRepo(gone.repo());
        String old = "deleting 1000\n";
        String going = "deleting " + System.currentTimeMillis() + "\n";
        Digest nothing = Digest.ofBytes(new byte[Digest.LENGTH]);
        Digest other = gone.file("model.safetensors").object();
        assertThat(store.compareAndSet(markOf(nothing), null, "since 5\n")).isTrue();
        assertThat(store.compareAndSet(markOf(kept.object()), null, "since 5\n")).isTrue();
        assertThat(store.compareAndSet(markOf(kept.files().getFirst().object()), null, old)).isTrue();
        assertThat(store.compareAndSet(markOf(gone.object()), null, old)).isTrue();
        assertThat(store.compareAndSet(markOf(other), null, going)).isTrue();
        Report report = stores.gc();
        assertThat(report.removed()).extracting(Unreachable::object).containsExactly(gone.object());
        assertThat(store.value(markOf(nothing))).isEmpty();
        assertThat(store.value(markOf(kept.object()))).isEmpty();
        assertThat(store.value(markOf(kept.files().getFirst().object()))).isEmpty();
        assertThat(store.value(markOf(gone.object()))).isEmpty();
        assertThat(store.value(markOf(other))).as("another collection is at it").contains(going);
        assertThat(stores.failures()).isEmpty();
    }

    @Test
    void markThatNobodyUnderstandsIsNoReasonToDelete() throws IOException {
        stores.deleteRepo(stores.pack(model("gone", 1), Optional.empty()).repo());
        String text = "since then\n";
        for (Digest object : stores.objects()) {
            store.compareAndSet(markOf(object), null, text);
            text = "since 99999999999999\n"; // by a clock of the year 5138
        }
        assertThat(stores.gc().removed()).isEmpty();
        assertThat(store.value(markOf(stores.objects().iterator().next())).orElseThrow()).matches("since [0-9]+\n");
        stores.pass(GcStores.GRACE.plusMinutes(1));
        assertThat(stores.gc().removed()).isNotEmpty();
        assertThat(stores.objects()).isEmpty();
    }

    @Test
    void emptyStoreHasNoGarbage() throws IOException {
        assertThat(stores.gc()).isEqualTo(new Report(0, 0, List.of()));
        assertThat(stores.gc(store, Duration.ZERO, false)).isEqualTo(new Report(0, 0, List.of()));
    }

    private static String markOf(Digest object) {
        return "gc/" + object.hex().substring(0, 2) + "/" + object.hex().substring(2);
    }

    private List<Role> roles(Commit commit) throws IOException {
        return new StoredFiles(store)
                .dependencies(commit.file("model.safetensors")).stream()
                .map(StoredFiles.StoredDependency::role)
                .toList();
    }

    private Path model(String name, long tune) throws IOException {
        return TestModels.model(folder.resolve("models").resolve(name), 42, tune, WIDTH);
    }

    /** Every file of the store with its time and length. */
    private Map<String, String> files() throws IOException {
        Map<String, String> found = new TreeMap<>();
        List<Path> all;
        try (Stream<Path> walk = Files.walk(folder.resolve("store"))) {
            all = new ArrayList<>(walk.toList());
        }
        for (Path file : all) {
            found.put(file.toString(), Files.getLastModifiedTime(file) + " " + Files.size(file));
        }
        return found;
    }
}
