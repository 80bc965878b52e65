package io.weightspan.client.commands;

import static java.util.Objects.requireNonNull;

import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.ProgressDisplay;
import io.weightspan.client.hub.FetchListener;
import io.weightspan.client.hub.PushListener;
import io.weightspan.codec.family.Progress;
import org.jspecify.annotations.Nullable;

/** Shows how far a transfer has come: a bar for each of its steps, one after the other. */
final class Bars implements FetchListener, PushListener, AutoCloseable {

    private final OutputOptions output;
    private @Nullable ProgressDisplay current;

    Bars(OutputOptions output) {
        this.output = requireNonNull(output, "output is null");
    }

    @Override
    public Progress downloads(int objects, long bytes) {
        return next("download", bytes);
    }

    @Override
    public Progress files(int files, long bytes) {
        return next("decode", bytes);
    }

    @Override
    public Progress reads(long bytes) {
        return next("read", bytes);
    }

    @Override
    public Progress sends(int files, long bytes) {
        return next("send", bytes);
    }

    private Progress next(String task, long bytes) {
        close();
        ProgressDisplay bar = output.progress(task, bytes);
        current = bar;
        return bar;
    }

    @Override
    public void close() {
        if (current != null) {
            current.close();
        }
    }
}
