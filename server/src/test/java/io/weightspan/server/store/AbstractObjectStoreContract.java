package io.weightspan.server.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every {@link ObjectStore} must do; a subclass brings an implementation and says what it is capable of. */
public abstract class AbstractObjectStoreContract {

    @TempDir
    Path outside;

    private ObjectStore store;

    /** Returns another handle of one and the same store, which is empty when a test begins. */
    protected abstract ObjectStore connect() throws IOException;

    /** Returns whether objects are files of this machine. */
    protected abstract boolean hasLocalFiles();

    /** Returns whether the store can tell that no session is open anywhere, and so lets one caller delete. */
    protected abstract boolean canClean();

    @BeforeEach
    void connectStore() throws IOException {
        store = connect();
    }

    @AfterEach
    void closeStore() throws IOException {
        store.close();
    }

    @Test
    void missingObjectIsAbsentEverywhere() throws IOException {
        Digest missing = sha256("missing");
        assertThat(store.size(missing)).isEmpty();
        assertThat(store.exists(missing)).isFalse();
        assertThat(store.localFile(missing)).isEmpty();
        assertThatThrownBy(() -> store.open(missing))
                .isInstanceOf(ObjectNotFoundException.class)
                .hasMessageContaining(missing.hex())
                .hasMessageContaining(store.location());
        assertThat(list("")).isEmpty();
    }

    @Test
    void objectsAreNamedByTheirBytesStObj001() throws IOException {
        StoredObject put = put("hello");
        assertThat(put).isEqualTo(new StoredObject(sha256("hello"), 5, true));
        assertThat(store.size(put.digest())).isEqualTo(OptionalLong.of(5));
        assertThat(store.exists(put.digest())).isTrue();
        assertThat(read(put.digest())).isEqualTo("hello");
    }

    @Test
    void emptyObjectIsAnObject() throws IOException {
        StoredObject put = put("");
        assertThat(put.size()).isZero();
        assertThat(read(put.digest())).isEmpty();
    }

    @Test
    void rangesOfAnObjectAreItsBytes() throws IOException {
        StoredObject put = put("0123456789");
        try (ByteSource source = store.open(put.digest())) {
            assertThat(source.size()).isEqualTo(10);
            assertThat(source.read(3, 4).toArray(ValueLayout.JAVA_BYTE)).isEqualTo("3456".getBytes(UTF_8));
            assertThat(source.read(10, 0).byteSize()).isZero();
            assertThatThrownBy(() -> source.read(8, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void puttingTwiceStoresOnce() throws IOException {
        put("same");
        try (StoreSession session = store.openSession()) {
            assertThat(session.put("same".getBytes(UTF_8)).added()).isFalse();
            assertThat(session.added()).isEmpty();
        }
        assertThat(list("")).containsExactly(sha256("same"));
    }

    @Test
    void putCopiesAFileAndLeavesIt() throws IOException {
        Path file = Files.writeString(outside.resolve("file"), "content");
        try (StoreSession session = store.openSession()) {
            StoredObject put = session.put(file);
            assertThat(put).isEqualTo(new StoredObject(sha256("content"), 7, true));
            assertThat(session.added()).containsExactly(put.digest());
        }
        assertThat(file).hasContent("content");
        Files.writeString(file, "changed");
        assertThat(read(sha256("content"))).isEqualTo("content");
    }

    @Test
    void putOfAMissingFileAddsNothing() throws IOException {
        try (StoreSession session = store.openSession()) {
            assertThatThrownBy(() -> session.put(outside.resolve("missing"))).isInstanceOf(IOException.class);
            assertThat(session.added()).isEmpty();
        }
        assertThat(list("")).isEmpty();
    }

    @Test
    void takeMakesAnObjectOfAFileOfTheSession() throws IOException {
        try (StoreSession session = store.openSession()) {
            Path file = Files.writeString(session.newFile(), "taken");
            assertThat(session.newFile()).isNotEqualTo(file).doesNotExist();
            assertThat(session.take(file, sha256("taken")).added()).isTrue();
            assertThat(file).doesNotExist();
            Path again = Files.writeString(session.newFile(), "taken");
            assertThat(session.take(again, sha256("taken")).added()).isFalse();
            assertThat(again).doesNotExist();
        }
        assertThat(read(sha256("taken"))).isEqualTo("taken");
    }

    @Test
    void sessionDeletesItsFiles() throws IOException {
        Path file;
        try (StoreSession session = store.openSession()) {
            file = Files.writeString(session.newFile(), "left behind");
        }
        assertThat(file).doesNotExist();
        assertThat(file.getParent()).doesNotExist();
    }

    @Test
    void closedSessionRefusesToAdd() throws IOException {
        StoreSession session = store.openSession();
        session.close();
        session.close();
        assertThatThrownBy(session::newFile).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> session.put(new byte[1])).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void otherHandlesSeeWhatWasPut() throws IOException {
        try (ObjectStore other = connect()) {
            put("shared");
            assertThat(other.exists(sha256("shared"))).isTrue();
            assertThat(other.compareAndSet("a/b", null, "1")).isTrue();
            assertThat(store.value("a/b")).contains("1");
        }
    }

    @Test
    void listsByPrefixInOrder() throws IOException {
        List<Digest> all = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            all.add(put("object " + i).digest());
        }
        all.sort(null);
        assertThat(list("")).containsExactlyElementsOf(all);
        for (int digits : new int[] {1, 2, 3, 40, 64}) {
            String prefix = all.get(7).hex().substring(0, digits);
            assertThat(list(prefix))
                    .containsExactlyElementsOf(
                            all.stream().filter(d -> d.hex().startsWith(prefix)).toList());
        }
    }

    @Test
    void refusesPrefixesThatAreNotHexadecimal() {
        for (String bad : List.of("g", "AB", "../", "0".repeat(65))) {
            assertThatThrownBy(() -> store.list(bad)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void localFileIsTheObject() throws IOException {
        Digest digest = put("local").digest();
        assertThat(store.localFile(digest).isPresent()).isEqualTo(hasLocalFiles());
        assumeTrue(hasLocalFiles(), "objects of this store are not files of this machine");
        assertThat(store.localFile(digest).orElseThrow()).hasContent("local");
    }

    @Test
    void valueIsAbsentUntilItIsSet() throws IOException {
        assertThat(store.value("refs/a/b")).isEmpty();
        assertThat(store.compareAndSet("refs/a/b", "x", "y")).isFalse();
        assertThat(store.compareAndSet("refs/a/b", "x", null)).isFalse();
        assertThat(store.value("refs/a/b")).isEmpty();
        assertThat(store.compareAndSet("refs/a/b", null, null)).isTrue();
    }

    @Test
    void valueChangesOnlyFromWhatIsExpected() throws IOException {
        assertThat(store.compareAndSet("refs/a", null, "one\n")).isTrue();
        assertThat(store.compareAndSet("refs/a", null, "two")).isFalse();
        assertThat(store.compareAndSet("refs/a", "one", "two")).isFalse();
        assertThat(store.value("refs/a")).contains("one\n");
        assertThat(store.compareAndSet("refs/a", "one\n", "größer ✓")).isTrue();
        assertThat(store.value("refs/a")).contains("größer ✓");
        assertThat(store.compareAndSet("refs/a", "größer ✓", null)).isTrue();
        assertThat(store.value("refs/a")).isEmpty();
        assertThat(store.compareAndSet("refs/a", null, "again")).isTrue();
    }

    @Test
    void emptyTextIsAValue() throws IOException {
        assertThat(store.compareAndSet("marks/empty", null, "")).isTrue();
        assertThat(store.value("marks/empty")).contains("");
        assertThat(store.compareAndSet("marks/empty", null, "x")).isFalse();
    }

    @Test
    void valueHasALimit() throws IOException {
        String longest = "x".repeat(ObjectStore.MAX_VALUE_BYTES);
        assertThat(store.compareAndSet("marks/long", null, longest)).isTrue();
        assertThat(store.value("marks/long")).contains(longest);
        assertThatThrownBy(() -> store.compareAndSet("marks/longer", null, longest + "x"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(store.value("marks/longer")).isEmpty();
    }

    @Test
    void keysAreListedWholeAndInOrder() throws IOException {
        for (String key : List.of("refs/b/x", "refs/a/y", "refs/a/x/z", "refsx/a", "files/aa")) {
            assertThat(store.compareAndSet(key, null, "v")).isTrue();
        }
        assertThat(store.keys("refs/")).containsExactly("refs/a/x/z", "refs/a/y", "refs/b/x");
        assertThat(store.keys("refs/a/")).containsExactly("refs/a/x/z", "refs/a/y");
        assertThat(store.keys("refs/c/")).isEmpty();
        store.compareAndSet("refs/b/x", "v", null);
        assertThat(store.keys("refs/b/")).isEmpty();
        assertThat(store.keys("refs/a/y/")).isEmpty();
    }

    @Test
    void aPartOfAKeyIsNoValue() throws IOException {
        store.compareAndSet("refs/a/b", null, "v");
        assertThat(store.value("refs/a")).isEmpty();
    }

    @Test
    void refusesInvalidKeysStKey001() {
        List<String> bad = List.of(
                "", "/", "/a", "a/", "a//b", "a/../b", "a/./b", "..", "...", "a b", "a\\b", "a\0", "ä", "objects/aa",
                "tmp/x", "locks/x", "weightspan-store", "a/" + "x".repeat(201), "a/".repeat(500) + "b");
        for (String key : bad) {
            assertThatThrownBy(() -> store.value(key)).as(key).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.compareAndSet(key, null, "x"))
                    .as(key)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        for (String prefix : List.of("", "refs", "/", "../", "objects/")) {
            assertThatThrownBy(() -> store.keys(prefix)).as(prefix).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void ofManyWhoExpectTheSameOneSucceeds() throws Exception {
        List<Boolean> outcomes = together(16, i -> () -> {
            try (ObjectStore own = connect()) {
                return own.compareAndSet("refs/race", null, "winner " + i);
            }
        });
        assertThat(outcomes).containsOnlyOnce(true);
        int winner = outcomes.indexOf(true);
        assertThat(store.value("refs/race")).isEqualTo(Optional.of("winner " + winner));
    }

    @Test
    void countingByCompareAndSetLosesNothing() throws Exception {
        int each = 20;
        store.compareAndSet("refs/count", null, "0");
        together(6, i -> () -> {
            for (int done = 0; done < each;) {
                String now = store.value("refs/count").orElseThrow();
                if (store.compareAndSet("refs/count", now, Integer.toString(Integer.parseInt(now) + 1))) {
                    done++;
                }
            }
            return true;
        });
        assertThat(store.value("refs/count")).contains(Integer.toString(6 * each));
    }

    @Test
    void manyMayPutTheSameObjectAtOnce() throws Exception {
        byte[] bytes = "contended".repeat(10_000).getBytes(UTF_8);
        Digest expected = Digest.ofBytes(Digest.newHash().digest(bytes));
        List<StoredObject> outcomes = together(8, i -> () -> {
            try (StoreSession session = store.openSession()) {
                return session.put(bytes);
            }
        });
        assertThat(outcomes).allSatisfy(put -> assertThat(put.digest()).isEqualTo(expected));
        try (ByteSource source = store.open(expected)) {
            assertThat(source.read(0, source.size()).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
        }
    }

    @Test
    void cleanerDeletesAndKeepsSessionsOut() throws Exception {
        assumeTrue(canClean(), "nobody may delete in this store");
        Digest kept = put("kept").digest();
        Digest gone = put("gone").digest();
        Future<Boolean> waiting;
        try (ExecutorService other = Executors.newSingleThreadExecutor()) {
            try (StoreCleaner cleaner = store.tryClean().orElseThrow()) {
                assertThat(store.tryClean()).as("a second cleaner").isEmpty();
                assertThat(cleaner.delete(gone)).isTrue();
                assertThat(cleaner.delete(gone)).isFalse();
                waiting = other.submit(() -> {
                    try (StoreSession session = store.openSession()) {
                        return session.put("later".getBytes(UTF_8)).added();
                    }
                });
                assertThat(store.exists(sha256("later"))).isFalse();
            }
            assertThat(waiting.get()).isTrue();
        }
        assertThat(list("")).containsExactlyInAnyOrder(kept, sha256("later"));
    }

    @Test
    void deletingTakesOneObjectAwayWhoeverWrites() throws IOException {
        Digest kept = put("kept").digest();
        Digest gone = put("gone").digest();
        try (StoreSession session = store.openSession()) {
            assertThat(store.size(gone)).hasValue(4);
            assertThat(store.delete(gone)).isTrue();
            assertThat(store.size(gone)).isEmpty();
            assertThat(store.exists(gone)).isFalse();
            assertThatThrownBy(() -> store.open(gone)).isInstanceOf(ObjectNotFoundException.class);
            assertThat(list("")).containsExactly(kept);
            assertThat(store.delete(gone)).as("gone already").isFalse();
            assertThat(session.put("gone".getBytes(UTF_8)).added()).isTrue();
        }
        assertThat(read(gone)).isEqualTo("gone");
        assertThat(read(kept)).isEqualTo("kept");
    }

    @Test
    void sessionKeepsWhatIsThere() throws IOException {
        Digest there = put("there").digest();
        GcMarks marks = new GcMarks(store);
        marks.set(there, Optional.empty());
        try (StoreSession session = store.openSession()) {
            assertThat(session.keep(there)).isTrue();
            assertThat(session.keep(sha256("missing"))).isFalse();
            assertThat(marks.objects()).isEmpty();
            marks.set(there, Optional.empty());
            session.put("there".getBytes(UTF_8));
            assertThat(marks.objects()).isEmpty();
            marks.set(there, Optional.empty());
            session.take(Files.writeString(session.newFile(), "there"), there);
            assertThat(marks.objects()).isEmpty();
        }
    }

    @Test
    void nobodyCleansWhileASessionIsOpen() throws IOException {
        assumeTrue(canClean(), "nobody may delete in this store");
        StoreSession first = store.openSession();
        StoreSession second = store.openSession();
        assertThat(store.tryClean()).isEmpty();
        first.close();
        assertThat(store.tryClean()).isEmpty();
        second.close();
        store.tryClean().orElseThrow().close();
    }

    @Test
    void storeThatCannotTellOfSessionsLetsNobodyClean() throws IOException {
        assumeTrue(!canClean(), "this store can tell");
        assertThat(store.tryClean()).isEmpty();
    }

    @Test
    void openReaderKeepsADeletedObject() throws IOException {
        assumeTrue(canClean(), "nobody may delete in this store");
        Digest digest = put("still here").digest();
        try (ByteSource source = store.open(digest)) {
            try (StoreCleaner cleaner = store.tryClean().orElseThrow()) {
                cleaner.delete(digest);
            }
            assertThat(source.read(0, 5).toArray(ValueLayout.JAVA_BYTE)).isEqualTo("still".getBytes(UTF_8));
        }
        assertThat(store.exists(digest)).isFalse();
    }

    private StoredObject put(String text) throws IOException {
        try (StoreSession session = store.openSession()) {
            return session.put(text.getBytes(UTF_8));
        }
    }

    private String read(Digest digest) throws IOException {
        try (ByteSource source = store.open(digest)) {
            return new String(source.read(0, source.size()).toArray(ValueLayout.JAVA_BYTE), UTF_8);
        }
    }

    private List<Digest> list(String prefix) throws IOException {
        try (Stream<Digest> digests = store.list(prefix)) {
            return digests.toList();
        }
    }

    private static Digest sha256(String text) {
        return Digest.ofBytes(Digest.newHash().digest(text.getBytes(UTF_8)));
    }

    /** Runs tasks at once and returns their results in order. */
    private static <T> List<T> together(int count, java.util.function.IntFunction<Callable<T>> task) throws Exception {
        try (ExecutorService pool = Executors.newFixedThreadPool(count)) {
            List<T> results = new ArrayList<>();
            for (Future<T> future : pool.invokeAll(IntStream.range(0, count).mapToObj(task).toList())) {
                results.add(future.get());
            }
            return results;
        }
    }
}
