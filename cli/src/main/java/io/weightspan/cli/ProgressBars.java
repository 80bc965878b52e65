package io.weightspan.cli;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/** Shows the steps of a command as one progress bar after the other. Steps begin on one thread. */
public final class ProgressBars implements AutoCloseable {

    private final OutputOptions output;
    private @Nullable ProgressDisplay current;

    /** Shows nothing yet. */
    public ProgressBars(OutputOptions output) {
        this.output = requireNonNull(output, "output is null");
    }

    /**
     * Ends the bar of the step before, if any, and begins the next.
     *
     * @param task what the step does
     * @param bytes how many it takes
     * @return the bar, which the next step or {@link #close()} ends
     */
    public ProgressDisplay next(String task, long bytes) {
        close();
        ProgressDisplay bar = output.progress(task, bytes);
        current = bar;
        return bar;
    }

    /** Ends the bar that is shown, if any. */
    @Override
    public void close() {
        if (current != null) {
            current.close();
            current = null;
        }
    }
}
