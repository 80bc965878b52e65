package io.weightspan.codec.family;

import io.weightspan.codec.residual.FloatBlockDecoder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory for one block of a tensor and one of its prediction. One thread at a time. */
final class Scratch {
    private static final int WIDEST = 8;

    private final MemorySegment elements =
            Arena.ofAuto().allocate((long) FloatBlockDecoder.BLOCK * WIDEST, Long.BYTES);
    private final MemorySegment predicted =
            Arena.ofAuto().allocate((long) FloatBlockDecoder.BLOCK * WIDEST, Long.BYTES);

    private float[] sums = new float[0];

    /** Room for what a prediction is before it is rounded, which few tensors need. */
    float[] sums() {
        if (sums.length == 0) {
            sums = new float[FloatBlockDecoder.BLOCK];
        }
        return sums;
    }

    MemorySegment elements(long bytes) {
        return elements.asSlice(0, bytes);
    }

    MemorySegment predicted(long bytes) {
        return predicted.asSlice(0, bytes);
    }
}
