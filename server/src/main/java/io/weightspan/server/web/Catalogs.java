package io.weightspan.server.web;

import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CorruptStoreException;
import io.weightspan.server.repo.NotFoundException;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what a hub holds, at most once in a while however many ask: it takes one look at each branch. Thread-safe.
 */
final class Catalogs {

    private static final Logger LOG = LoggerFactory.getLogger(Catalogs.class);

    /** What takes long to read is kept longer: so many times what it took. */
    private static final int TIMES_KEPT = 10;

    private final Repositories repositories;
    private final long keptNanos;
    private final LongSupplier clock;

    /** The latest; guarded by this. */
    private @Nullable Catalog latest;

    /** When it was read, and how long that took; guarded by this. */
    private long readAt;

    private long readNanos;

    /**
     * Creates a reader.
     *
     * @param repositories what is read
     * @param kept how long what was read is good for others, at least
     * @param clock nanoseconds, as {@link System#nanoTime()}
     */
    Catalogs(Repositories repositories, Duration kept, LongSupplier clock) {
        this.repositories = repositories;
        this.keptNanos = kept.toNanos();
        this.clock = clock;
    }

    /**
     * Returns what the hub holds, or held a moment ago.
     *
     * @throws IOException if the store can't be read
     */
    synchronized Catalog now() throws IOException {
        Catalog known = latest;
        long now = clock.getAsLong();
        if (known != null && now - readAt < Math.max(keptNanos, TIMES_KEPT * readNanos)) {
            return known;
        }
        Catalog read = read();
        latest = read;
        readAt = clock.getAsLong();
        readNanos = readAt - now;
        return read;
    }

    private Catalog read() throws IOException {
        List<Commit> heads = new ArrayList<>();
        int unreadable = 0;
        for (RepoId repo : repositories.list()) {
            try {
                heads.add(repositories.head(repo));
            } catch (NotFoundException e) {
                LOG.debug("{} was deleted while it was read", repo, e);
            } catch (CorruptStoreException e) {
                // One damaged commit must not hide the rest.
                LOG.warn("{} can't be shown", repo, e);
                unreadable++;
            }
        }
        return new Catalog(heads, unreadable);
    }
}
