package io.weightspan.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import picocli.CommandLine;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs commands of this command line as a script would: by their arguments, their exit status and their output. */
final class DemoRunner {

    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final String READY = "listening on ";
    private static final long START_SECONDS = 60;
    private static final long STOP_SECONDS = 30;

    private final Supplier<CommandLine> lines;

    /**
     * Creates a runner.
     *
     * @param lines gives a new command line each time, as the commands keep their arguments
     */
    DemoRunner(Supplier<CommandLine> lines) {
        this.lines = lines;
    }

    /**
     * Runs a command and reads the JSON document that it prints.
     *
     * @param arguments the command and its arguments; {@code --json} is added
     * @return the document
     * @throws CommandException with the command's own status and message if it fails
     */
    JsonNode json(String... arguments) {
        List<String> all = new ArrayList<>(Arrays.asList(arguments));
        all.add("--json");
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status = line(new PrintWriter(out, true), new PrintWriter(err, true)).execute(all.toArray(String[]::new));
        if (status != ExitStatus.DONE) {
            throw failed(status, arguments[0], err);
        }
        try {
            return MAPPER.readTree(out.toString());
        } catch (JacksonException e) {
            throw new CommandException(ExitStatus.FAILED, arguments[0] + " --json printed no JSON document", e);
        }
    }

    /**
     * Starts the server and waits until it answers.
     *
     * @param arguments the command and its arguments
     * @return the server, to be closed
     * @throws CommandException if it does not start
     */
    Serving serve(String... arguments) throws InterruptedException {
        FirstLine out = new FirstLine();
        StringWriter err = new StringWriter();
        Thread thread = Thread.ofPlatform().name("weightspan-demo-serve").daemon().start(() -> {
            int status = line(new PrintWriter(out, true), new PrintWriter(err, true)).execute(arguments);
            // Whoever still waits for the first line waits in vain.
            out.line().completeExceptionally(failed(status, arguments[0], err));
        });
        try {
            String line = out.line().get(START_SECONDS, TimeUnit.SECONDS);
            if (!line.startsWith(READY)) {
                throw new CommandException(ExitStatus.FAILED, "the server says '" + line + "' and not where it is");
            }
            return new Serving(line.substring(READY.length()), thread);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof CommandException failed
                    ? failed
                    : new CommandException(ExitStatus.FAILED, "the server did not start", e);
        } catch (TimeoutException e) {
            thread.interrupt();
            throw new CommandException(ExitStatus.FAILED, "the server took too long to start", e);
        }
    }

    private CommandLine line(PrintWriter out, PrintWriter err) {
        return lines.get().setOut(out).setErr(err);
    }

    private static CommandException failed(int status, String command, StringWriter err) {
        int known = status == ExitStatus.DATA_BAD || status == ExitStatus.USAGE ? status : ExitStatus.FAILED;
        String said = err.toString().strip();
        return new CommandException(known,
                command + " ended with status " + status + (said.isEmpty() ? "" : ":\n" + said));
    }

    /**
     * A server that runs until it is closed.
     *
     * @param address where it answers
     * @param thread what runs it
     */
    record Serving(String address, Thread thread) implements AutoCloseable {

        @Override
        public void close() throws IOException {
            thread.interrupt();
            try {
                if (!thread.join(java.time.Duration.ofSeconds(STOP_SECONDS))) {
                    throw new IOException("the server does not stop");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while the server stops", e);
            }
        }
    }
}
