package io.weightspan.client.commands;

import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;
import java.io.IOException;

/** Turns arguments that can't be used into wrong usage. */
final class Usage {

    private Usage() {}

    /** Gives a value that may fail to be had. */
    @FunctionalInterface
    interface Argument<T> {

        /**
         * Gives it.
         *
         * @throws IllegalArgumentException if what the user wrote can't be used; the message is for the user
         * @throws IOException if it can't be had for another reason
         */
        T get() throws IOException;
    }

    /**
     * Returns what an argument gives.
     *
     * @throws CommandException with {@link ExitStatus#USAGE} if what the user wrote can't be used
     * @throws IOException if it can't be had for another reason
     */
    static <T> T of(Argument<T> argument) throws IOException {
        try {
            return argument.get();
        } catch (IllegalArgumentException e) {
            throw new CommandException(ExitStatus.USAGE, String.valueOf(e.getMessage()), e);
        }
    }
}
