package io.weightspan.cli;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/** Ends a command with a message for the person who ran it and an exit status for a script. */
public final class CommandException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int exitStatus;

    /**
     * Creates an exception without a cause.
     *
     * @param exitStatus one of {@link ExitStatus}, not {@link ExitStatus#DONE}
     * @param message what went wrong, in words for the person at the terminal
     */
    public CommandException(int exitStatus, String message) {
        this(exitStatus, message, null);
    }

    /**
     * Creates an exception.
     *
     * @param exitStatus one of {@link ExitStatus}, not {@link ExitStatus#DONE}
     * @param message what went wrong, in words for the person at the terminal
     * @param cause what led to it, shown only where a stack trace is asked for; may be null
     */
    public CommandException(int exitStatus, String message, @Nullable Throwable cause) {
        super(requireNonNull(message, "message is null"), cause);
        if (exitStatus != ExitStatus.DATA_BAD && exitStatus != ExitStatus.USAGE && exitStatus != ExitStatus.FAILED) {
            throw new IllegalArgumentException("not the exit status of a failure: " + exitStatus);
        }
        this.exitStatus = exitStatus;
    }

    /** Returns the status that the process ends with. */
    public int exitStatus() {
        return exitStatus;
    }
}
