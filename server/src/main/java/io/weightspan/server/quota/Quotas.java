package io.weightspan.server.quota;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.weightspan.cli.HumanSize;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.CorruptStoreException;
import io.weightspan.server.repo.InvalidNameException;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How much the repositories of each namespace may hold, kept in the store (ST-QUO-001), and whether there is room.
 *
 * <p>A namespace is charged for each file once, by its own size and not by what it takes in the store: so nobody pays
 * for how well somebody else's files fit theirs, and a user can add it up. Several servers of one store may together
 * exceed a quota by what they take in the seconds between their counts. Safe for several threads and processes.
 */
public final class Quotas {

    private static final String DEFAULT = "quotas/default";
    private static final String NAMESPACES = "quotas/namespaces/";

    /** For so long a server may go by an old quota. */
    private static final Duration QUOTA_TIME = Duration.ofSeconds(2);

    private static final Duration IDLE_TIME = Duration.ofMinutes(10);
    private static final long CACHED = 1000;

    private final Repositories repositories;
    private final ObjectStore store;
    private final LongSupplier clock;
    private final Cache<String, Quota> quotas = Caffeine.newBuilder()
            .maximumSize(CACHED)
            .expireAfterWrite(QUOTA_TIME)
            .build();
    private final Cache<String, NamespaceUse> uses = Caffeine.newBuilder()
            .maximumSize(CACHED)
            .expireAfterAccess(IDLE_TIME)
            .build();

    /**
     * Goes by the quotas of a store.
     *
     * @param repositories the repositories that are limited
     */
    public Quotas(Repositories repositories) {
        this(repositories, System::nanoTime);
    }

    Quotas(Repositories repositories, LongSupplier clock) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.store = repositories.store();
        this.clock = requireNonNull(clock, "clock is null");
    }

    /**
     * Counts in a file that a repository is about to have.
     *
     * @param repo the repository
     * @param sha256 the file's SHA-256
     * @param size its bytes
     * @throws QuotaExceededException if its namespace has no room for it
     * @throws CorruptStoreException if a quota can't be read
     * @throws IOException if the store can't be read
     */
    public void take(RepoId repo, Digest sha256, long size) throws IOException {
        Quota quota = effective(repo.namespace());
        if (!quota.isUnlimited() && !use(repo).take(sha256, size, quota)) {
            throw exceeded(repo, quota, size);
        }
    }

    /**
     * Counts in the files that a repository is about to have.
     *
     * @param repo the repository
     * @param files the files
     * @throws QuotaExceededException if its namespace has no room for one of them
     * @throws CorruptStoreException if a quota can't be read
     * @throws IOException if the store can't be read
     */
    public void take(RepoId repo, List<CommitFile> files) throws IOException {
        for (CommitFile file : files) {
            take(repo, file.sha256(), file.size());
        }
    }

    /**
     * Lets pass who is about to send what may be new or not, as long as there is room.
     *
     * @param repo the repository that it is sent to
     * @param bytes how much it may be
     * @throws QuotaExceededException if its namespace has no room for so many bytes
     * @throws CorruptStoreException if a quota can't be read
     * @throws IOException if the store can't be read
     */
    public void requireRoom(RepoId repo, long bytes) throws IOException {
        Quota quota = effective(repo.namespace());
        if (!quota.isUnlimited() && !use(repo).hasRoom(bytes, quota)) {
            throw exceeded(repo, quota, bytes);
        }
    }

    /**
     * Returns the quotas that are set for namespaces.
     *
     * @return them by namespace, in ascending order
     * @throws CorruptStoreException if one can't be read
     * @throws IOException if the store can't be read
     */
    public SortedMap<String, Quota> list() throws IOException {
        SortedMap<String, Quota> found = new TreeMap<>();
        for (String key : store.keys(NAMESPACES)) {
            Optional<Quota> quota = at(key);
            if (quota.isPresent()) {
                found.put(key.substring(NAMESPACES.length()), quota.get());
            }
        }
        return found;
    }

    /**
     * Returns the quota of each namespace for which none is set.
     *
     * @throws CorruptStoreException if it can't be read
     * @throws IOException if the store can't be read
     */
    public Quota byDefault() throws IOException {
        return at(DEFAULT).orElse(Quota.UNLIMITED);
    }

    /**
     * Sets a quota.
     *
     * @param namespace the namespace, or empty for all those for which none is set
     * @param quota how much it may hold; empty for none of its own
     * @return whether there was one
     * @throws InvalidNameException if there can be no such namespace
     * @throws IOException if the store can't be read or written
     */
    public boolean set(Optional<String> namespace, Optional<Quota> quota) throws IOException {
        String key = namespace.isPresent() ? key(namespace.get()) : DEFAULT;
        @Nullable
        String text = quota.map(Quota::text).orElse(null);
        while (true) {
            @Nullable
            String before = store.value(key).orElse(null);
            if (store.compareAndSet(key, before, text)) {
                quotas.invalidateAll();
                return before != null;
            }
        }
    }

    /**
     * Counts what a namespace holds (ST-QUO-002).
     *
     * @return bytes
     * @throws IOException if the store can't be read
     */
    public long used(String namespace) throws IOException {
        return NamespaceUse.of(repositories, namespace);
    }

    private NamespaceUse use(RepoId repo) {
        return uses.get(repo.namespace(), name -> new NamespaceUse(repositories, name, clock));
    }

    private Quota effective(String namespace) throws IOException {
        @Nullable
        Quota known = quotas.getIfPresent(namespace);
        if (known == null) {
            Optional<Quota> own = at(key(namespace));
            known = own.isPresent() ? own.get() : byDefault();
            quotas.put(namespace, known);
        }
        return known;
    }

    private Optional<Quota> at(String key) throws IOException {
        Optional<String> text = store.value(key);
        return text.isPresent() ? Optional.of(Quota.parse(key, text.get())) : Optional.empty();
    }

    private static String key(String namespace) {
        return NAMESPACES + new RepoId(namespace, "x").namespace();
    }

    private QuotaExceededException exceeded(RepoId repo, Quota quota, long bytes) {
        return new QuotaExceededException("the storage of '" + repo.namespace() + "' is full: it holds "
                + HumanSize.of(use(repo).total()) + " of the " + quota + " that it may, and "
                + HumanSize.of(bytes)
                + " more do not fit; delete what is not needed or ask who runs this server for more");
    }
}
