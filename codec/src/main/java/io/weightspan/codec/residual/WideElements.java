package io.weightspan.codec.residual;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Moves elements of 64 bits between memory and longs. */
final class WideElements {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private WideElements() {}

    static void load(MemorySegment from, int n, long[] to) {
        MemorySegment.copy(from, LONG, 0, to, 0, n);
    }

    static void store(long[] from, int n, MemorySegment to) {
        MemorySegment.copy(from, 0, to, LONG, 0, n);
    }

    /** Turns predicted elements into coded bits: rounds away the padding, without passing the largest magnitude. */
    static void round(FloatFormat format, int n, long[] elements) {
        int z = format.shift();
        if (z > 0) {
            long most = Long.MAX_VALUE;
            long half = 1L << z - 1;
            for (int i = 0; i < n; i++) {
                long magnitude = elements[i] & most;
                long rounded = (magnitude > most - half ? most : magnitude + half) >>> z;
                elements[i] = rounded | (elements[i] >>> 63) << format.width() - 1;
            }
        }
    }
}
