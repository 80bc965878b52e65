package io.weightspan.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.OptionalInt;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Turns what a command threw into one line on standard error and an exit status. */
final class Failures implements IExecutionExceptionHandler {

    /** A failure is followed through at most this many causes, so that a loop of causes ends. */
    private static final int MAX_CAUSES = 16;

    private final List<CommandProvider> providers;
    private final boolean showTrace;

    Failures(List<CommandProvider> providers, boolean showTrace) {
        this.providers = List.copyOf(providers);
        this.showTrace = showTrace;
    }

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) {
        OptionalInt known = exitStatus(failure);
        var err = command.getErr();
        err.println("weightspan: " + message(failure));
        if (showTrace || known.isEmpty()) {
            failure.printStackTrace(err);
        }
        err.flush();
        return known.orElse(ExitStatus.FAILED);
    }

    /** Returns the exit status that the failure or the first of its causes stands for; empty for a defect of ours. */
    OptionalInt exitStatus(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < MAX_CAUSES; depth++) {
            OptionalInt status = exitStatusOf(cause);
            if (status.isPresent()) {
                return status;
            }
            cause = cause.getCause();
        }
        return OptionalInt.empty();
    }

    private OptionalInt exitStatusOf(Throwable failure) {
        if (failure instanceof CommandException known) {
            return OptionalInt.of(known.exitStatus());
        }
        for (CommandProvider provider : providers) {
            OptionalInt status = provider.exitStatus(failure);
            if (status.isPresent()) {
                return status;
            }
        }
        return failure instanceof IOException ? OptionalInt.of(ExitStatus.FAILED) : OptionalInt.empty();
    }

    private static String message(Throwable failure) {
        Throwable shown =
                failure instanceof UncheckedIOException && failure.getCause() instanceof IOException io ? io : failure;
        String message = shown.getMessage();
        if (message == null || message.isBlank()) {
            return shown.getClass().getSimpleName();
        }
        // These carry the bare path as their message.
        return shown instanceof java.nio.file.FileSystemException
                ? shown.getClass().getSimpleName() + ": " + message
                : message;
    }
}
