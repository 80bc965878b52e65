package io.weightspan.server.repo;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Progress;
import io.weightspan.format.v1.Dependency;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The objects that the branches and tags of a store reach: commits of the whole history, what holds their files, and
 * what those records need, to the end. Immutable.
 */
final class Reachability {

    /** Refs may be moved while they are followed, and what they had reached be deleted; more often is no accident. */
    private static final int ATTEMPTS = 5;

    private final Map<Digest, Long> sizes;

    private Reachability(Map<Digest, Long> sizes) {
        this.sizes = Collections.unmodifiableMap(sizes);
    }

    /**
     * An object that is known to be needed.
     *
     * @param object its name
     * @param file SHA-256 of the file that it must decode to, where it is a record; else its own name
     * @param isRecord whether it is one
     * @param size its bytes as the commit says, or -1
     * @param place where it is needed, for messages
     */
    private record Needed(Digest object, Digest file, boolean isRecord, long size, String place) {

        Visit visit() {
            return new Visit(object, isRecord);
        }
    }

    /** What is done once: an object may be a plain file of one commit, and a record that others need. */
    private record Visit(Digest object, boolean isRecord) {}

    /**
     * Follows every branch and tag, as they are at some moment between call and return.
     *
     * @param jobs how many threads read, at least 1
     * @param listener hears how it goes on
     * @return what they reach; every object of it is there, every commit and the structure of every record is sound
     * @throws CorruptStoreException if a ref, commit or record on the way is damaged, or anything is missing; names it
     * @throws IOException if the store can't be read
     */
    static Reachability of(ObjectStore store, int jobs, PackListener listener) throws IOException {
        for (int attempt = 1;; attempt++) {
            Repositories repositories = new Repositories(store);
            // Twice: the first look may miss a commit whose new ref was set before, and its old one removed after, it
            // came by.
            Set<Repositories.Target> targets = new LinkedHashSet<>(repositories.targets());
            targets.addAll(repositories.targets());
            try {
                return follow(store, repositories, targets, jobs, listener);
            } catch (CorruptStoreException e) {
                if (attempt == ATTEMPTS || repositories.targets().equals(targets)) {
                    throw e;
                }
            }
        }
    }

    private static Reachability follow(
            ObjectStore store,
            Repositories repositories,
            Set<Repositories.Target> targets,
            int jobs,
            PackListener listener)
            throws IOException {
        Map<Digest, Long> found = new ConcurrentHashMap<>();
        Map<Visit, Needed> first = new ConcurrentHashMap<>();
        List<Repositories.Target> commits = List.copyOf(targets);
        while (!commits.isEmpty()) {
            Set<Repositories.Target> parents = ConcurrentHashMap.newKeySet();
            Workers.run(jobs, commits, target -> {
                Commit commit = repositories.load(target.repo(), target.commit());
                long size = size(store, target.commit(), "commit of " + target.repo());
                if (found.put(target.commit(), size) == null) {
                    commit.parent().ifPresent(
                            parent -> parents.add(new Repositories.Target(target.repo(), parent)));
                    commit.files().forEach(file -> add(file, commit.repo(), first));
                }
            });
            commits = List.copyOf(parents);
        }
        Uploads.keptForGit(store).forEach((key, object) -> add(new Needed(object, object, false, -1, key), first));
        Set<Visit> visited = new HashSet<>();
        Map<Visit, Needed> next = new ConcurrentHashMap<>();
        Progress progress =
                listener.begins("marking", first.values().stream().mapToLong(Needed::size).sum());
        StoredFiles files = new StoredFiles(store);
        List<Needed> wave = new ArrayList<>(first.values());
        while (!wave.isEmpty()) {
            next.clear();
            wave.forEach(needed -> visited.add(needed.visit()));
            Workers.run(jobs, wave, needed -> {
                for (Needed further : check(store, files, needed, found)) {
                    add(further, next);
                }
                progress.advance(Math.max(0, needed.size()));
            });
            next.keySet().removeAll(visited);
            wave = new ArrayList<>(next.values());
        }
        return new Reachability(found);
    }

    private static void add(Needed needed, Map<Visit, Needed> all) {
        all.putIfAbsent(needed.visit(), needed);
    }

    /** Adds what a file of a commit is in. */
    private static void add(CommitFile file, RepoId repo, Map<Visit, Needed> all) {
        String place = repo + " " + file.path();
        boolean isRecord = file.kind() == FileKind.RECORD;
        add(new Needed(file.object(), file.sha256(), isRecord, file.storedSize(), place), all);
        for (SharedObject shared : file.shared()) {
            add(new Needed(shared.object(), shared.object(), false, shared.size(), place), all);
        }
    }

    /** Notes the size of an object that is needed, and returns what it needs itself. */
    private static List<Needed> check(
            ObjectStore store, StoredFiles files, Needed needed, Map<Digest, Long> found) throws IOException {
        long size = size(store, needed.object(), needed.place());
        if (needed.size() >= 0 && needed.size() != size) {
            throw new CorruptStoreException("object " + needed.object().hex() + " (" + needed.place() + ") has " + size
                    + " bytes instead of " + needed.size());
        }
        found.put(needed.object(), size);
        if (!needed.isRecord()) {
            return List.of();
        }
        List<Needed> further = new ArrayList<>();
        try {
            for (Dependency dependency : files.needed(needed.object(), needed.file())) {
                Digest object = Digest.of(dependency.getObjectSha256());
                Digest file = Digest.of(dependency.getFileSha256());
                further.add(new Needed(object, file, true, -1, "needed by " + needed.place()));
            }
        } catch (ContainerException e) {
            throw new CorruptStoreException(
                    "object " + needed.object().hex() + " (" + needed.place() + ") is damaged: " + e.getMessage(), e);
        }
        return further;
    }

    private static long size(ObjectStore store, Digest object, String place) throws IOException {
        OptionalLong size = store.size(object);
        if (size.isEmpty()) {
            throw new CorruptStoreException("object " + object.hex() + " (" + place + ") is missing");
        }
        return size.getAsLong();
    }

    /** Returns the objects. */
    Set<Digest> objects() {
        return sizes.keySet();
    }

    /** Returns whether a ref reaches the object. */
    boolean contains(Digest object) {
        return sizes.containsKey(object);
    }

    /** Returns the bytes of all the objects. */
    long bytes() {
        return sizes.values().stream().mapToLong(Long::longValue).sum();
    }
}
