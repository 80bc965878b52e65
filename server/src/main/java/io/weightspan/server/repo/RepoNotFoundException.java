package io.weightspan.server.repo;

/** There is no repository of that name. */
public final class RepoNotFoundException extends NotFoundException {

    private static final long serialVersionUID = 1L;

    private final String repo;

    /**
     * Creates the exception.
     *
     * @param repo the repository that was asked for
     */
    public RepoNotFoundException(RepoId repo) {
        super("there is no repository " + repo);
        this.repo = repo.toString();
    }

    /** Returns the name that was asked for, {@code namespace/name}. */
    public String repo() {
        return repo;
    }
}
