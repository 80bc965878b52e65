package io.weightspan.server.store;

import static java.util.Objects.requireNonNull;

import java.io.IOException;

/** The place named as a store is not one, or is one of a version that this program doesn't know. */
public final class NotAStoreException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message what was found there and what to do, for the person who named it
     */
    public NotAStoreException(String message) {
        super(requireNonNull(message, "message is null"));
    }
}
