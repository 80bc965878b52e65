package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.io.IOException;

/** A file of trained coefficients that doesn't fit the family's basis, or whose numbers are of no use. */
public final class UnfitCoefficientsException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message which tensor, and what is wrong with it
     */
    public UnfitCoefficientsException(String message) {
        super(requireNonNull(message, "message is null"));
    }
}
