package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An immutable state of a repository: its files, and the commit that it follows.
 *
 * @param object the SHA-256 of the commit's stored bytes
 * @param repo the repository that it belongs to
 * @param parent the object of the commit before it; empty for the first
 * @param author who made it; may be empty
 * @param message why; may be empty
 * @param time when, to the millisecond
 * @param family the family that its weight files belong to
 * @param files its files in ascending order of path, no path twice
 */
public record Commit(
        Digest object,
        RepoId repo,
        Optional<Digest> parent,
        String author,
        String message,
        Instant time,
        String family,
        List<CommitFile> files) {

    /** Characters of a commit id. */
    public static final int ID_LENGTH = 40;

    /**
     * Checks the arguments and puts the files in order.
     *
     * @throws IllegalArgumentException if a path occurs twice, or is also a folder of another
     */
    public Commit {
        requireNonNull(object, "object is null");
        requireNonNull(repo, "repo is null");
        requireNonNull(parent, "parent is null");
        requireNonNull(author, "author is null");
        requireNonNull(message, "message is null");
        requireNonNull(time, "time is null");
        requireNonNull(family, "family is null");
        files = inOrder(files);
    }

    /** Returns the id that clients know the commit by: the first 40 hexadecimal digits of its object's name. */
    public String id() {
        return object.hex().substring(0, ID_LENGTH);
    }

    /** Returns the same commit in a repository that had another name when it was made. */
    Commit of(RepoId now) {
        return new Commit(object, now, parent, author, message, time, family, files);
    }

    /** Returns the same commit whose files are stored in another way. */
    Commit with(List<CommitFile> now) {
        return now.equals(files) ? this : new Commit(object, repo, parent, author, message, time, family, now);
    }

    /**
     * Returns a file.
     *
     * @param path its path, whole; a path that breaks the rules is just not there
     * @throws EntryNotFoundException if the commit has no such file
     */
    public CommitFile file(String path) throws EntryNotFoundException {
        requireNonNull(path, "path is null");
        for (CommitFile file : files) {
            if (file.path().equals(path)) {
                return file;
            }
        }
        throw new EntryNotFoundException(this, path);
    }

    /** Returns the bytes of all original files. */
    public long size() {
        return files.stream().mapToLong(CommitFile::size).sum();
    }

    /** Returns the bytes of the objects that hold the files, an object that holds several counted once. */
    public long storedSize() {
        Set<Digest> seen = new HashSet<>();
        return files.stream()
                .filter(file -> seen.add(file.object()))
                .mapToLong(CommitFile::storedSize)
                .sum();
    }

    /** Returns the objects that records of the commit need and that hold no file of any repository, each once. */
    public Set<SharedObject> shared() {
        Set<SharedObject> shared = new LinkedHashSet<>();
        files.forEach(file -> shared.addAll(file.shared()));
        return shared;
    }

    /**
     * Returns the files in ascending order of path.
     *
     * @throws IllegalArgumentException if a path occurs twice, or is also a folder of another
     */
    static List<CommitFile> inOrder(List<CommitFile> files) {
        List<CommitFile> sorted = new ArrayList<>(files);
        sorted.sort(Comparator.comparing(CommitFile::path));
        Set<String> paths = new HashSet<>();
        for (CommitFile file : sorted) {
            if (!paths.add(file.path())) {
                throw new IllegalArgumentException("file " + file.path() + " occurs twice");
            }
        }
        for (CommitFile file : sorted) {
            String path = file.path();
            for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
                if (paths.contains(path.substring(0, slash))) {
                    throw new IllegalArgumentException(path.substring(0, slash) + " is a file and a folder");
                }
            }
        }
        return List.copyOf(sorted);
    }
}
