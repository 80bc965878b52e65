package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

/**
 * What has become of one folder.
 *
 * @param commit the commit that the repository's main branch has now
 * @param changed whether this is a new commit; false where nothing in the folder had changed
 */
public record PackedRepo(Commit commit, boolean changed) {

    /** Checks the arguments. */
    public PackedRepo {
        requireNonNull(commit, "commit is null");
    }
}
