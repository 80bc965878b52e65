package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.io.IOException;

/** Something needs a store to itself that others are writing to. */
public final class StoreBusyException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message what can't be done, and what helps
     */
    public StoreBusyException(String message) {
        super(requireNonNull(message, "message is null"));
    }
}
