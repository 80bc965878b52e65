package io.weightspan.client.commands;

import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;

/** Runs a command of the client as the command line does. */
final class ClientRuns {

    private ClientRuns() {}

    /** Runs a command and returns its exit status. */
    static int run(Object command, List<String> arguments, StringWriter out, StringWriter err) {
        ClientCommands provider = new ClientCommands();
        return new CommandLine(command)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .setExecutionExceptionHandler((failure, _, _) -> provider.exitStatus(failure)
                        .orElseGet(() -> failure instanceof CommandException known
                                ? known.exitStatus()
                                : ExitStatus.FAILED))
                .execute(arguments.toArray(String[]::new));
    }
}
