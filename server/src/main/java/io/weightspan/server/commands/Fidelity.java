package io.weightspan.server.commands;

import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;

/** The check of {@code --fidelity}, of which this version knows one. */
final class Fidelity {

    /** The original file, byte for byte. */
    static final String EXACT = "exact";

    private Fidelity() {}

    /**
     * Refuses what this version can't do.
     *
     * @throws CommandException with {@link ExitStatus#USAGE} for anything but {@link #EXACT}
     */
    static void check(String fidelity) {
        if (!fidelity.equals(EXACT)) {
            throw new CommandException(
                    ExitStatus.USAGE,
                    "--fidelity " + fidelity
                            + " is not available in this version, only 'exact' (the file, byte for byte)");
        }
    }
}
