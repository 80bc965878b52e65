package io.weightspan.client.commands;

import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.ProgressBars;
import io.weightspan.client.hub.FetchListener;
import io.weightspan.client.hub.PushListener;
import io.weightspan.codec.family.Progress;

/** Shows how far a transfer has come: a bar for each of its steps, one after the other. */
final class Bars implements FetchListener, PushListener, AutoCloseable {

    private final ProgressBars bars;

    Bars(OutputOptions output) {
        this.bars = new ProgressBars(output);
    }

    @Override
    public Progress downloads(int objects, long bytes) {
        return bars.next("download", bytes);
    }

    @Override
    public Progress files(int files, long bytes) {
        return bars.next("decode", bytes);
    }

    @Override
    public Progress reads(long bytes) {
        return bars.next("read", bytes);
    }

    @Override
    public Progress sends(int files, long bytes) {
        return bars.next("send", bytes);
    }

    @Override
    public void close() {
        bars.close();
    }
}
