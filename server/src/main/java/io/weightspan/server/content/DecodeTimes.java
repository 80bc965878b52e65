package io.weightspan.server.content;

import java.util.concurrent.atomic.LongAdder;

/** How much was decoded for readers, and how long that took. Thread-safe. */
public final class DecodeTimes {

    private final LongAdder bytes = new LongAdder();
    private final LongAdder nanos = new LongAdder();

    /** Returns the bytes that were decoded, each as often as it was. */
    public long bytes() {
        return bytes.sum();
    }

    /** Returns the nanoseconds that threads have spent on it, reading and checking what is stored included. */
    public long nanos() {
        return nanos.sum();
    }

    void add(long decoded, long time) {
        bytes.add(decoded);
        nanos.add(time);
    }
}
