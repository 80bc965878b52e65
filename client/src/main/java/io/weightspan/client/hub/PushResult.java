package io.weightspan.client.hub;

import java.util.List;

/**
 * What became of a push.
 *
 * @param target the repo and the branch
 * @param commit the branch's commit now; empty where nothing was sent, by wish or for want of a repo
 * @param isNewRepo whether the repo was not there before; of a dry run, whether it is not there
 * @param files the files, in ascending order of their paths
 */
public record PushResult(RepoName target, String commit, boolean isNewRepo, List<Pushed> files) {

    /** What became of a file. */
    public enum Outcome {
        /** It was sent. */
        SENT,
        /** The server has its bytes already: only its name was sent. */
        NAMED,
        /** The branch has it already. */
        UNCHANGED,
        /** The server does not want it. */
        IGNORED
    }

    /**
     * A file.
     *
     * @param path its path in the repo
     * @param size its bytes
     * @param sha256 the hexadecimal SHA-256 of its bytes
     * @param outcome what became of it, or would have
     */
    public record Pushed(String path, long size, String sha256, Outcome outcome) {}

    /** Copies the list. */
    public PushResult {
        files = List.copyOf(files);
    }

    /** Returns the bytes of the files that were sent. */
    public long sentBytes() {
        return files.stream().filter(file -> file.outcome() == Outcome.SENT).mapToLong(Pushed::size).sum();
    }
}
