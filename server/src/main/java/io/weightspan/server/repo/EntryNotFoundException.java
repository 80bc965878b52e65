package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

/** The revision is there, but it has no such file. */
public final class EntryNotFoundException extends NotFoundException {

    private static final long serialVersionUID = 1L;

    private final transient Commit commit;
    private final String path;

    /**
     * Creates the exception.
     *
     * @param commit the commit that was looked at
     * @param path the path that was asked for
     */
    public EntryNotFoundException(Commit commit, String path) {
        super("repository " + commit.repo() + " has no file '" + path + "' at " + commit.id());
        this.commit = commit;
        this.path = requireNonNull(path, "path is null");
    }

    /** Returns the commit that was looked at. */
    public Commit commit() {
        return commit;
    }

    /** Returns the path that was asked for. */
    public String path() {
        return path;
    }
}
