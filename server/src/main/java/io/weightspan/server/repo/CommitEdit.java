package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.util.List;
import java.util.Optional;

/**
 * A change of a branch, to be made whole or not at all.
 *
 * @param repo the repository
 * @param branch the branch that is moved
 * @param author who makes it
 * @param message why
 * @param parent the commit id, or 7 or more of its first digits, that the branch must point at; empty for whatever it
 *     points at
 * @param changes what is done to the files, in this order
 */
public record CommitEdit(
        RepoId repo, String branch, String author, String message, Optional<String> parent, List<Change> changes) {

    /** Checks and copies the arguments. */
    public CommitEdit {
        requireNonNull(repo, "repo is null");
        RefName.check(branch);
        requireNonNull(author, "author is null");
        requireNonNull(message, "message is null");
        requireNonNull(parent, "parent is null");
        changes = List.copyOf(changes);
    }

    /** What is done to one path. */
    public sealed interface Change {

        /** Returns the path, as it came from outside. */
        String path();
    }

    /**
     * Puts a file at a path, whether or not there is one.
     *
     * @param path where
     * @param size its bytes
     * @param sha256 their SHA-256, which names the object that holds them
     * @param gitOid what git calls the file
     */
    public record Put(String path, long size, Digest sha256, String gitOid) implements Change {}

    /**
     * Puts the file that a commit of the repository has at a path where there may be one.
     *
     * @param path where
     * @param from the file's path there
     * @param revision the commit
     */
    public record Copy(String path, String from, String revision) implements Change {}

    /** Takes a file away; it must be there. */
    public record DeleteFile(String path) implements Change {}

    /** Takes away everything below a folder, which must be there. */
    public record DeleteFolder(String path) implements Change {}
}
