package io.weightspan.cli;

import static java.util.Objects.requireNonNull;

import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The output of a command: one JSON document or text for people on standard output, all else on standard error.
 *
 * <p>A command declares it as a picocli mixin: {@code @Mixin private OutputOptions output;}. Not thread-safe, except
 * for what {@link #progress} returns.
 */
public final class OutputOptions {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private CommandSpec command;

    @Option(names = "--json", description = "Print one JSON document on standard output and nothing else there.")
    private boolean json;

    /** Creates the options at their defaults; picocli fills them in. */
    public OutputOptions() {}

    /** Returns whether standard output carries a JSON document instead of text. */
    public boolean json() {
        return json;
    }

    /** Returns where text for people goes: standard output, or standard error where a JSON document takes that. */
    public PrintWriter text() {
        return json ? err() : out();
    }

    /** Returns standard output. */
    public PrintWriter out() {
        return command.commandLine().getOut();
    }

    /** Returns standard error, where messages go. */
    public PrintWriter err() {
        return command.commandLine().getErr();
    }

    /**
     * Prints one JSON document and a line end on standard output.
     *
     * @param document records, maps, lists, strings and numbers; the components of a record are named in snake case
     */
    public void printJson(Object document) {
        out().println(MAPPER.writeValueAsString(requireNonNull(document, "document is null")));
        out().flush();
    }

    /**
     * Prints a message on standard error, control characters shown as {@code ?}.
     *
     * @param message one line
     */
    public void note(String message) {
        err().println(TextTable.printable(message));
        err().flush();
    }

    /**
     * Starts a progress bar on standard error; where that is no terminal it shows nothing.
     *
     * @param task what is being done, a word or two
     * @param totalBytes the bytes at which it is done; -1 where that is unknown
     * @return the bar; close it before anything else is printed
     */
    public ProgressDisplay progress(String task, long totalBytes) {
        return ProgressDisplay.open(task, totalBytes, StandardError.isTerminal());
    }
}
