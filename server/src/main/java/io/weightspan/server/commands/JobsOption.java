package io.weightspan.server.commands;

import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;
import picocli.CommandLine.Option;

/** The option {@code --jobs} of commands that share work out. */
final class JobsOption {

    @Option(
            names = "--jobs",
            paramLabel = "N",
            description = "How many threads work. Default: one for each core.")
    private int jobs = Runtime.getRuntime().availableProcessors();

    /**
     * Returns how many threads work.
     *
     * @throws CommandException with {@link ExitStatus#USAGE} if they are fewer than 1
     */
    int count() {
        if (jobs < 1) {
            throw new CommandException(ExitStatus.USAGE, "--jobs must be at least 1");
        }
        return jobs;
    }
}
