package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One file of a commit. Everything a listing or a HEAD request tells about it is here, so that no object is opened.
 *
 * @param path {@link RepoPath its path in the repository}
 * @param size bytes of the file
 * @param sha256 SHA-256 of the file
 * @param gitOid the id that git gives the file: SHA-1 of {@code blob SIZE NUL} and its bytes, 40 hexadecimal
 *     digits
 * @param kind how it is stored
 * @param object the object that holds it; with {@link FileKind#PLAIN} the same as {@code sha256}
 * @param storedSize bytes of that object
 * @param original SHA-256 of the file that was packed, where this one is an approximation of it
 * @param shared objects that the record needs and that hold no file of any repository
 * @param firstPart the record's first part, where that holds a first layer
 */
public record CommitFile(
        String path,
        long size,
        Digest sha256,
        String gitOid,
        FileKind kind,
        Digest object,
        long storedSize,
        Optional<Digest> original,
        List<SharedObject> shared,
        Optional<FirstPart> firstPart) {

    private static final Pattern GIT_OID = Pattern.compile("[0-9a-f]{40}");

    /**
     * Checks the arguments.
     *
     * @throws InvalidNameException if the path breaks a rule
     * @throws IllegalArgumentException if a size is negative, the git id is not one, or a plain file's object is
     *     another
     */
    public CommitFile {
        RepoPath.check(path);
        requireNonNull(sha256, "sha256 is null");
        requireNonNull(kind, "kind is null");
        requireNonNull(object, "object is null");
        requireNonNull(original, "original is null");
        requireNonNull(firstPart, "firstPart is null");
        shared = List.copyOf(shared);
        if (size < 0 || storedSize < 0) {
            throw new IllegalArgumentException("negative size of " + path);
        }
        if (!GIT_OID.matcher(gitOid).matches()) {
            throw new IllegalArgumentException("not a git object id: " + gitOid);
        }
        boolean isItself = object.equals(sha256) && size == storedSize && original.isEmpty() && shared.isEmpty()
                && firstPart.isEmpty();
        if (kind == FileKind.PLAIN && !isItself) {
            throw new IllegalArgumentException("plain file " + path + " is stored as another object");
        }
    }

    /**
     * A file that is stored as it was packed, and needs no shared object.
     *
     * @param path {@link RepoPath its path in the repository}
     * @param size bytes of the file
     * @param sha256 SHA-256 of the file
     * @param gitOid the id that git gives the file
     * @param kind how it is stored
     * @param object the object that holds it
     * @param storedSize bytes of that object
     * @throws InvalidNameException if the path breaks a rule
     * @throws IllegalArgumentException likewise
     */
    public CommitFile(
            String path, long size, Digest sha256, String gitOid, FileKind kind, Digest object, long storedSize) {
        this(path, size, sha256, gitOid, kind, object, storedSize, Optional.empty(), List.of(), Optional.empty());
    }

    /**
     * Returns the same file at another path.
     *
     * @throws InvalidNameException if the path breaks a rule
     */
    public CommitFile at(String other) {
        return new CommitFile(
                other, size, sha256, gitOid, kind, object, storedSize, original, shared, firstPart);
    }

    /** Returns the SHA-256 of the file that was packed. */
    public Digest packed() {
        return original.orElse(sha256);
    }
}
