package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.io.IOException;

/** What was asked for can't be done with these repositories, though nothing is wrong with any of them. */
public final class RefusedException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message why, and what to do
     */
    public RefusedException(String message) {
        super(requireNonNull(message, "message is null"));
    }
}
