package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

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

    /** Returns the files that are put. */
    public List<CommitFile> added() {
        return changes.stream()
                .flatMap(change -> change instanceof Put put ? Stream.of(put.file()) : Stream.empty())
                .toList();
    }

    /** What is done to one path. */
    public sealed interface Change {

        /** Returns the path, as it came from outside. */
        String path();
    }

    /**
     * Puts a file at its path, whether or not there is one.
     *
     * @param file the file, whose object a session has put or a commit of the repository has
     */
    public record Put(CommitFile file) implements Change {

        @Override
        public String path() {
            return file.path();
        }
    }

    /** Takes a file away; it must be there. */
    public record DeleteFile(String path) implements Change {}

    /** Takes away everything below a folder, which must be there. */
    public record DeleteFolder(String path) implements Change {}
}
