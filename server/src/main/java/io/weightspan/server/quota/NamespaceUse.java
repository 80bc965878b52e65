package io.weightspan.server.quota;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.Uploads;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The bytes that a namespace holds (ST-QUO-002): counted now and then, since that takes every commit, and added up in
 * between. Thread-safe.
 */
final class NamespaceUse {

    /** For so long what other servers add, and what anybody deletes, may go unnoticed. */
    private static final long MAX_AGE = Duration.ofSeconds(10).toNanos();

    /** Nobody is refused by a count older than this: what was in the way may be gone. */
    private static final long MAX_AGE_TO_REFUSE = Duration.ofSeconds(1).toNanos();

    /** Where a count takes long, it is made so much more rarely than it takes. */
    private static final int REST = 20;

    private final Repositories repositories;
    private final String namespace;
    private final LongSupplier clock;
    private Map<Digest, Long> sizes = new HashMap<>();
    private long total;
    private boolean isCounted;
    private long countedAt;
    private long took;

    NamespaceUse(Repositories repositories, String namespace, LongSupplier clock) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.namespace = requireNonNull(namespace, "namespace is null");
        this.clock = requireNonNull(clock, "clock is null");
    }

    /**
     * Counts a file in, if there is room for it; one that is counted already needs none.
     *
     * @return whether there was room
     * @throws IOException if the store can't be read
     */
    synchronized boolean take(Digest sha256, long size, Quota quota) throws IOException {
        refresh(Math.max(MAX_AGE, REST * took));
        if (!sizes.containsKey(sha256) && !fits(size, quota)) {
            refresh(Math.max(MAX_AGE_TO_REFUSE, took));
        }
        if (sizes.containsKey(sha256)) {
            return true;
        }
        if (!fits(size, quota)) {
            return false;
        }
        sizes.put(sha256, size);
        total += size;
        return true;
    }

    /**
     * Returns whether there is room for so many bytes.
     *
     * @throws IOException if the store can't be read
     */
    synchronized boolean hasRoom(long bytes, Quota quota) throws IOException {
        refresh(Math.max(MAX_AGE, REST * took));
        if (!fits(bytes, quota)) {
            refresh(Math.max(MAX_AGE_TO_REFUSE, took));
        }
        return fits(bytes, quota);
    }

    /** Returns the bytes as they were found when they were last counted, and what was added since. */
    synchronized long total() {
        return total;
    }

    /** Counts if that was never done or is longer ago than this, in nanoseconds. */
    private void refresh(long age) throws IOException {
        long start = clock.getAsLong();
        if (isCounted && start - countedAt < age) {
            return;
        }
        sizes = count(sizes);
        total = sizes.values().stream().mapToLong(Long::longValue).sum();
        isCounted = true;
        countedAt = clock.getAsLong();
        took = countedAt - start;
    }

    private boolean fits(long size, Quota quota) {
        return size <= Math.max(0, quota.bytes() - total);
    }

    private Map<Digest, Long> count(Map<Digest, Long> known) throws IOException {
        Map<Digest, Long> found = new HashMap<>();
        for (RepoId repo : repositories.list(namespace)) {
            for (Commit commit : repositories.reachable(repo)) {
                for (CommitFile file : commit.files()) {
                    found.put(file.sha256(), file.size());
                }
            }
        }
        Uploads.addSent(repositories.store(), namespace, known, found);
        return found;
    }

    /**
     * Counts what a namespace holds now.
     *
     * @throws IOException if the store can't be read
     */
    static long of(Repositories repositories, String namespace) throws IOException {
        NamespaceUse use = new NamespaceUse(repositories, namespace, System::nanoTime);
        return use.count(Map.of()).values().stream().mapToLong(Long::longValue).sum();
    }
}
