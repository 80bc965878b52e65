package io.weightspan.server.records;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.auth.Caller;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.StoredFiles;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/**
 * Decides who may have an object, which is named without its repository: whoever may read the files of one that needs
 * it. Thread-safe.
 *
 * <p>Objects of repositories that everybody reads are most of what is asked for, so only restricted repositories are
 * looked through first; a store without any costs nothing.
 */
final class ObjectAccess {

    private static final long CACHED_OBJECTS = 1_000_000;

    private final Repositories repositories;
    private final StoredFiles files;
    private final Guard guard;

    /** What the files of a commit need. */
    private final Cache<Digest, Needed> byCommit = Caffeine.newBuilder()
            .maximumWeight(CACHED_OBJECTS)
            .weigher((Digest commit, Needed needed) -> 1 + needed.objects().size())
            .build();

    /**
     * What the files of a commit need.
     *
     * @param commit the commit as it was stored then: its files may be encoded later
     * @param objects the objects
     */
    private record Needed(Commit commit, Set<Digest> objects) {}

    ObjectAccess(Repositories repositories, Guard guard) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.guard = requireNonNull(guard, "guard is null");
        this.files = new StoredFiles(repositories.store());
    }

    /**
     * Returns whether somebody may have an object.
     *
     * @throws IOException if the store can't be read
     */
    boolean mayRead(Caller caller, Digest object) throws IOException {
        if (!guard.readsUnrestricted(caller)) {
            return isOfVisible(caller, object);
        }
        for (RepoId repo : repositories.restricted()) {
            if (!guard.reads(caller, repo) && holds(repo, object)) {
                return isOfVisible(caller, object);
            }
        }
        return true;
    }

    private boolean isOfVisible(Caller caller, Digest object) throws IOException {
        for (RepoId repo : repositories.list()) {
            if (guard.reads(caller, repo) && holds(repo, object)) {
                return true;
            }
        }
        return false;
    }

    private boolean holds(RepoId repo, Digest object) throws IOException {
        for (Commit commit : repositories.reachable(repo)) {
            Needed needed = byCommit.getIfPresent(commit.object());
            if (needed == null || !needed.commit().files().equals(commit.files())) {
                needed = new Needed(commit, objects(commit));
                byCommit.put(commit.object(), needed);
            }
            if (needed.objects().contains(object)) {
                return true;
            }
        }
        return false;
    }

    private Set<Digest> objects(Commit commit) throws IOException {
        Set<Digest> objects = new HashSet<>();
        objects.add(commit.object());
        for (CommitFile file : commit.files()) {
            objects.add(file.object());
            files.dependencies(file).forEach(needed -> objects.add(needed.object()));
        }
        return objects;
    }
}
