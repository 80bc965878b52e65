package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

/** The repository is there, but it has no such branch, tag or commit. */
public final class RevisionNotFoundException extends NotFoundException {

    private static final long serialVersionUID = 1L;

    private final String repo;
    private final String revision;

    /**
     * Creates the exception.
     *
     * @param repo the repository
     * @param revision the revision that was asked for
     * @param reason why it was not found, as a clause
     */
    public RevisionNotFoundException(RepoId repo, String revision, String reason) {
        super("repository " + repo + " has no revision '" + requireNonNull(revision, "revision is null") + "': "
                + reason);
        this.repo = repo.toString();
        this.revision = revision;
    }

    /** Returns the repository, {@code namespace/name}. */
    public String repo() {
        return repo;
    }

    /** Returns the revision that was asked for. */
    public String revision() {
        return revision;
    }
}
