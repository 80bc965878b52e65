package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.util.regex.Pattern;

/**
 * One file of a commit. Everything a listing or a HEAD request tells about it is here, so that no object is opened.
 *
 * @param path {@link RepoPath its path in the repository}
 * @param size bytes of the original file
 * @param sha256 SHA-256 of the original file
 * @param gitOid the id that git gives the original file: SHA-1 of {@code blob SIZE NUL} and its bytes, 40 hexadecimal
 *     digits
 * @param kind how it is stored
 * @param object the object that holds it; with {@link FileKind#PLAIN} the same as {@code sha256}
 * @param storedSize bytes of that object
 */
public record CommitFile(
        String path, long size, Digest sha256, String gitOid, FileKind kind, Digest object, long storedSize) {

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
        if (size < 0 || storedSize < 0) {
            throw new IllegalArgumentException("negative size of " + path);
        }
        if (!GIT_OID.matcher(gitOid).matches()) {
            throw new IllegalArgumentException("not a git object id: " + gitOid);
        }
        if (kind == FileKind.PLAIN && (!object.equals(sha256) || size != storedSize)) {
            throw new IllegalArgumentException("plain file " + path + " is stored as another object");
        }
    }
}
