package io.weightspan.server.commands;

import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.ProgressDisplay;
import io.weightspan.codec.family.Progress;
import io.weightspan.server.repo.PackListener;
import org.jspecify.annotations.Nullable;

/** Shows each stretch of a pack as a progress bar. Stretches begin on one thread. */
final class PackProgress implements PackListener, AutoCloseable {

    private final OutputOptions output;
    private @Nullable ProgressDisplay shown;

    PackProgress(OutputOptions output) {
        this.output = output;
    }

    @Override
    public Progress begins(String task, long bytes) {
        close();
        ProgressDisplay next = output.progress(task, bytes);
        shown = next;
        return next;
    }

    @Override
    public void tells(String text) {
        close();
        output.note(text);
    }

    @Override
    public void close() {
        if (shown != null) {
            shown.close();
            shown = null;
        }
    }
}
