package io.weightspan.server.repo;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.repo.PendingFiles.Taken;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file is taken by one at a time, and by another once that one has not been heard of for the time of the lease. */
class PendingFilesTest {

    private static final Digest FILE = Digest.of("ab" + "0".repeat(62));
    private static final String KEY = "pending/ab/" + "0".repeat(62);
    private static final RepoId REPO = RepoId.of("a/b");
    private static final Duration LEASE = Duration.ofMinutes(15);

    @TempDir
    private Path folder;

    private Instant now = Instant.ofEpochMilli(1_000_000);
    private ObjectStore store;
    private PendingFiles pending;

    @BeforeEach
    void open() throws IOException {
        store = FolderObjectStore.openOrCreate(folder);
        pending = new PendingFiles(store, () -> now);
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    @Test
    void oneAtATimeTakesAFile() throws IOException {
        pending.add(REPO, FILE);
        assertThat(store.value(KEY)).hasValue("a/b 1000000 0 0\n");
        Taken taken = pending.take(FILE, LEASE).orElseThrow();
        assertThat(taken).isEqualTo(new Taken(FILE, REPO, now, 1, now.plus(LEASE)));
        assertThat(store.value(KEY)).hasValue("a/b 1000000 1 1900000\n");
        assertThat(pending.take(FILE, LEASE)).isEmpty();
        // Committing it elsewhere meanwhile changes nothing.
        pending.add(RepoId.of("c/d"), FILE);
        assertThat(pending.list()).containsExactly(FILE);
        pending.done(taken);
        assertThat(pending.list()).isEmpty();
        assertThat(pending.take(FILE, LEASE)).isEmpty();
    }

    @Test
    void anotherTakesWhatAKilledOneHad() throws IOException {
        pending.add(REPO, FILE);
        Taken first = pending.take(FILE, LEASE).orElseThrow();
        now = now.plus(LEASE);
        Taken second = pending.take(FILE, LEASE).orElseThrow();
        assertThat(second.attempts()).isEqualTo(2);
        // The first comes back too late to say anything.
        assertThat(pending.leave(first, 1, LEASE)).isEmpty();
        pending.done(first);
        assertThat(store.value(KEY)).hasValue("a/b 1000000 2 2800000\n");
    }

    @Test
    void whoIsAtWorkKeepsAFile() throws IOException {
        pending.add(REPO, FILE);
        Taken taken = pending.take(FILE, LEASE).orElseThrow();
        now = now.plus(LEASE.dividedBy(2));
        Taken renewed = pending.leave(taken, taken.attempts(), LEASE).orElseThrow();
        now = now.plus(LEASE.dividedBy(2));
        assertThat(pending.take(FILE, LEASE)).isEmpty();
        Taken left = pending.leave(renewed, 0, Duration.ZERO).orElseThrow();
        assertThat(left.attempts()).isZero();
        assertThat(pending.take(FILE, LEASE)).isPresent();
    }

    @Test
    void dropsWhatItCannotRead() throws IOException {
        for (String text : List.of("", "x\n", "a/b 1 1\n", "a/.. 1 1 1\n", "a/b 1 9999999999 1\n", "a/b -1 0 0\n")) {
            store.compareAndSet(KEY, null, text);
            assertThat(pending.take(FILE, LEASE)).as(text).isEmpty();
            assertThat(store.value(KEY)).as(text).isEmpty();
        }
    }
}
