package io.weightspan.server.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.GcMarks.Mark;
import io.weightspan.server.store.GcMarks.State;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Marks by themselves (store-layout.md, section 5). */
class GcMarksTest {

    @TempDir
    Path folder;

    private ObjectStore store;
    private Digest object;
    private Instant now = Instant.ofEpochMilli(1_700_000_000_000L);
    private final List<Duration> pauses = new ArrayList<>();

    @BeforeEach
    void open() throws IOException {
        store = FolderObjectStore.openOrCreate(folder.resolve("store"));
        try (StoreSession session = store.openSession()) {
            object = session.put("garbage".getBytes(UTF_8)).digest();
        }
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    private GcMarks marks() {
        return new GcMarks(store, () -> now, pauses::add);
    }

    @Test
    void markIsAValueOfTheTimeStGc003() throws IOException {
        assertThat(marks().set(object, Optional.empty())).isTrue();
        String key = "gc/" + object.hex().substring(0, 2) + "/" + object.hex().substring(2);
        assertThat(store.value(key)).contains("since 1700000000000\n");
        assertThat(marks().objects()).containsExactly(object);
        assertThat(marks().find(object)).contains(new Mark(State.UNREACHABLE, now, "since 1700000000000\n"));
        now = now.plusSeconds(1);
        assertThat(marks().set(object, Optional.empty())).as("marked already").isFalse();
        assertThat(store.value(key)).contains("since 1700000000000\n");
    }

    @Test
    void deletingTakesTheMarkAlongStGc004() throws IOException {
        marks().set(object, Optional.empty());
        assertThat(marks().delete(object, marks().find(object))).isTrue();
        assertThat(store.exists(object)).isFalse();
        assertThat(marks().objects()).isEmpty();
        assertThat(marks().delete(object, Optional.empty())).as("gone already").isFalse();
        assertThat(marks().objects()).isEmpty();
    }

    @Test
    void whatWasKeptMeanwhileIsNotDeletedStGc006() throws IOException {
        marks().set(object, Optional.empty());
        Optional<Mark> seen = marks().find(object);
        assertThat(marks().keep(object)).isTrue();
        assertThat(marks().objects()).isEmpty();
        assertThat(marks().delete(object, seen)).isFalse();
        assertThat(store.exists(object)).isTrue();
        assertThat(pauses).isEmpty();
    }

    @Test
    void deletionThatComesTooLateIsNotDoneStGc004() throws IOException {
        marks().set(object, Optional.empty());
        Optional<Mark> seen = marks().find(object);
        GcMarks slow = new GcMarks(store, () -> now = now.plusSeconds(31), pauses::add);
        assertThat(slow.delete(object, seen)).isFalse();
        assertThat(store.exists(object)).isTrue();
        assertThat(marks().find(object)).isEqualTo(seen);
    }

    @Test
    void keepingWaitsForADeletionStGc006() throws IOException {
        announce(now);
        GcMarks waiting = new GcMarks(store, () -> now, pause -> {
            pauses.add(pause);
            if (pauses.size() == 3) {
                finishDeletion();
            }
        });
        assertThat(waiting.keep(object)).as("it is gone").isFalse();
        assertThat(pauses).hasSize(3);
    }

    @Test
    void abandonedDeletionIsCalledOffStGc008() throws IOException {
        announce(now.minus(GcMarks.ABANDONED));
        assertThat(marks().keep(object)).isTrue();
        assertThat(pauses).isEmpty();
        assertThat(marks().objects()).isEmpty();
    }

    @Test
    void nobodyWaitsForeverWhateverTheClocksSayStGc008() throws IOException {
        announce(now.plus(Duration.ofDays(1)));
        assertThat(marks().keep(object)).isTrue();
        assertThat(pauses.stream().reduce(Duration.ZERO, Duration::plus)).isEqualTo(GcMarks.PATIENCE);
    }

    @Test
    void puttingAgainWaitsForADeletionAndWritesStGc007() throws Exception {
        announce(Instant.now());
        Thread collector = Thread.ofPlatform().start(() -> {
            try {
                Thread.sleep(50);
                finishDeletion();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        try (StoreSession session = store.openSession()) {
            assertThat(session.put("garbage".getBytes(UTF_8))).isEqualTo(new StoredObject(object, 7, true));
        }
        collector.join();
        assertThat(store.exists(object)).isTrue();
        assertThat(marks().objects()).isEmpty();
    }

    @Test
    void markOfAnObjectThatIsGoneDoesNotCountAgainstTheNewOneStGc007() throws IOException {
        marks().set(object, Optional.empty());
        store.delete(object);
        try (StoreSession session = store.openSession()) {
            assertThat(session.keep(object)).isFalse();
            assertThat(marks().objects()).isEmpty();
            marks().set(object, Optional.empty());
            assertThat(session.put("garbage".getBytes(UTF_8)).added()).isTrue();
            assertThat(marks().objects()).isEmpty();
            marks().set(object, Optional.empty());
            assertThat(session.put("garbage".getBytes(UTF_8)).added()).isFalse();
            assertThat(marks().objects()).isEmpty();
        }
    }

    @Test
    void whatNobodyUnderstandsIsNoTime() throws IOException {
        for (String text : List.of("", "since", "since 1", "since -1\n", "gone 5\n", "since 1234567890123456789\n")) {
            store.compareAndSet(GcMarks.key(object), null, text);
            assertThat(marks().find(object)).contains(new Mark(State.UNKNOWN, now, text));
            assertThat(marks().keep(object)).isTrue();
            assertThat(marks().find(object)).isEmpty();
        }
        store.compareAndSet("gc/other", null, "x");
        assertThat(marks().objects()).isEmpty();
    }

    private void announce(Instant when) throws IOException {
        assertThat(store.compareAndSet(GcMarks.key(object), null, "deleting " + when.toEpochMilli() + "\n")).isTrue();
    }

    private void finishDeletion() {
        try {
            store.delete(object);
            store.compareAndSet(GcMarks.key(object), store.value(GcMarks.key(object)).orElseThrow(), null);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
