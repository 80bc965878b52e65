package io.weightspan.server.commands;

import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.ProgressBars;
import io.weightspan.codec.family.Progress;
import io.weightspan.server.repo.PackListener;

/** Shows each stretch of a pack as a progress bar. Stretches begin on one thread. */
final class PackProgress implements PackListener, AutoCloseable {

    private final OutputOptions output;
    private final ProgressBars bars;

    PackProgress(OutputOptions output) {
        this.output = output;
        this.bars = new ProgressBars(output);
    }

    @Override
    public Progress begins(String task, long bytes) {
        return bars.next(task, bytes);
    }

    @Override
    public void tells(String text) {
        close();
        output.note(text);
    }

    @Override
    public void close() {
        bars.close();
    }
}
