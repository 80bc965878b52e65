package io.weightspan.cli;

import java.util.List;
import java.util.OptionalInt;

/**
 * Adds commands to the command line.
 *
 * <p>Providers are found by {@link java.util.ServiceLoader}: name the class in
 * {@code META-INF/services/io.weightspan.cli.CommandProvider} and give it a public constructor without parameters.
 */
public interface CommandProvider {

    /**
     * Returns new instances of this provider's commands.
     *
     * <p>Each is annotated with {@link picocli.CommandLine.Command}, named there, and is a
     * {@link java.util.concurrent.Callable} of the exit status. No two providers may use the same name.
     */
    List<Object> commands();

    /**
     * Tells which exit status a failure of one of the commands stands for.
     *
     * <p>The frame asks every provider in turn, then the failure's causes, and knows by itself
     * {@link CommandException} and {@link java.io.IOException}.
     *
     * @param failure what a command threw, or a cause of it
     * @return one of {@link ExitStatus}, or empty where this provider does not know the failure
     */
    default OptionalInt exitStatus(Throwable failure) {
        return OptionalInt.empty();
    }
}
