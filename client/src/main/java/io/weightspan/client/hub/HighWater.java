package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.family.Progress;

/** Tells of each byte once, also where a transfer starts again. For one thread. */
final class HighWater {

    private final Progress progress;
    private long told;

    HighWater(Progress progress) {
        this.progress = requireNonNull(progress, "progress is null");
    }

    void reach(long length) {
        if (length > told) {
            progress.advance(length - told);
            told = length;
        }
    }
}
