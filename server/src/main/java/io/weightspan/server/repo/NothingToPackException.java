package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.io.IOException;

/** What was named for packing is not a folder with the files of one repository. */
public final class NothingToPackException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message what was found instead and what to do
     */
    public NothingToPackException(String message) {
        super(requireNonNull(message, "message is null"));
    }
}
