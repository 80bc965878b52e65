package io.weightspan.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command line's entry: joins the commands of every {@link CommandProvider} and runs one of them. */
@Command(
        name = "weightspan",
        description = "Stores many fine-tunes of a model for little more than the price of one.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionProvider.class,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:done",
            "1:the data is bad or does not verify",
            "2:wrong usage",
            "3:the store or the network failed"
        })
public final class Weightspan implements Callable<Integer> {

    /** Set to anything but the empty string, this environment variable adds stack traces to messages. */
    private static final String TRACE_VARIABLE = "WEIGHTSPAN_TRACE";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private CommandSpec spec;

    private Weightspan() {}

    /**
     * Runs the command line and ends the process with the command's exit status.
     *
     * @param args the arguments as the shell gave them
     */
    public static void main(String[] args) {
        System.exit(commandLine(providers()).execute(args));
    }

    /** Runs when no command is named. */
    @Override
    public Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        err.println("weightspan: name a command");
        spec.commandLine().usage(err);
        err.flush();
        return ExitStatus.USAGE;
    }

    /**
     * Builds the command line from the given providers; the caller may redirect its output before running it.
     *
     * @param providers whose commands it has
     * @return the command line
     * @throws IllegalStateException if two providers bring a command of the same name
     */
    public static CommandLine commandLine(List<CommandProvider> providers) {
        CommandLine line = new CommandLine(new Weightspan());
        for (CommandProvider provider : providers) {
            for (Object command : provider.commands()) {
                add(line, new CommandLine(command), provider.getClass());
            }
        }
        // It calls the commands that others bring.
        add(line, new CommandLine(new DemoCommand(() -> commandLine(providers()))), Weightspan.class);
        CommandLine completion = new CommandLine(new GenerateCompletion());
        completion.getCommandSpec().usageMessage().hidden(true);
        line.addSubcommand(completion);
        boolean showTrace = !System.getenv().getOrDefault(TRACE_VARIABLE, "").isEmpty();
        line.setExecutionExceptionHandler(new Failures(providers, showTrace));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        return line;
    }

    private static void add(CommandLine line, CommandLine command, Class<?> provider) {
        String name = command.getCommandName();
        if (line.getSubcommands().containsKey(name)) {
            throw new IllegalStateException(
                    "command " + name + " of " + provider.getName() + " is already taken");
        }
        line.addSubcommand(command);
    }

    private static List<CommandProvider> providers() {
        List<CommandProvider> found = new ArrayList<>();
        ServiceLoader.load(CommandProvider.class).forEach(found::add);
        return found;
    }
}
