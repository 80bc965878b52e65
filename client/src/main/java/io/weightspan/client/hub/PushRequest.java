package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

/**
 * What is to be sent where.
 *
 * @param target the repo and its branch; both are made where they are not there
 * @param files the files; others that the branch has stay as they are
 * @param message why, in a line
 * @param isPrivate whether a repo that is made is private
 * @param isDryRun whether nothing is to be sent, only asked
 */
public record PushRequest(RepoName target, LocalFiles files, String message, boolean isPrivate, boolean isDryRun) {

    /** Checks the arguments. */
    public PushRequest {
        requireNonNull(target, "target is null");
        requireNonNull(files, "files is null");
        requireNonNull(message, "message is null");
    }
}
