package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.io.IOException;

/** Something that was asked for by name is not in the store. Which thing it was decides what the asker can do. */
public abstract sealed class NotFoundException extends IOException
        permits RepoNotFoundException, RevisionNotFoundException, EntryNotFoundException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message what is missing
     */
    NotFoundException(String message) {
        super(requireNonNull(message, "message is null"));
    }
}
