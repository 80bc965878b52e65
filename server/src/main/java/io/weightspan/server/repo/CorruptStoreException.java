package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Something in the store that only a program of ours writes is not as it must be: the data is bad, not the machine. */
public final class CorruptStoreException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message which object or key, and what is wrong with it
     */
    public CorruptStoreException(String message) {
        this(message, null);
    }

    /**
     * Creates the exception.
     *
     * @param message which object or key, and what is wrong with it
     * @param cause what found it out; may be null
     */
    public CorruptStoreException(String message, @Nullable Throwable cause) {
        super(requireNonNull(message, "message is null"), cause);
    }
}
