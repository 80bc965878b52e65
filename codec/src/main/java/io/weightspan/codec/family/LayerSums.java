package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.basis.MatrixElements;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The sums of a planned layer's tensor. Thread-safe.
 *
 * @param matrix the differences
 * @param base what they are added to, or null
 */
record LayerSums(MatrixElements matrix, @Nullable ElementSource base) implements Sums {
    @Override
    public void read(long first, int n, float[] out) throws IOException {
        matrix.read(first, n, out);
        if (base == null) {
            CentredElements.sum(null, out, n);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment room = arena.allocate((long) n * base.width(), Float.BYTES);
            CentredElements.sum(new Center(base.read(first, room), base.tensor().dtype()), out, n);
        }
    }
}
