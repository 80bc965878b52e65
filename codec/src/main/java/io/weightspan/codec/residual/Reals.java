package io.weightspan.codec.residual;

import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;

/**
 * Reads elements as real numbers, for statistics only: what is not finite reads as 0.
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
public final class Reals {
    private final NarrowElements narrow = new NarrowElements();
    private final int[] ints = new int[FloatBlockDecoder.BLOCK];
    private final long[] longs = new long[FloatBlockDecoder.BLOCK];

    /** Makes one. */
    public Reals() {}

    /**
     * Reads a run.
     *
     * @param dtype a dtype with a float coding
     * @param elements up to 65,536 elements
     * @param n number of elements
     * @param out receives them
     */
    public void read(DType dtype, MemorySegment elements, int n, float[] out) {
        if (dtype == DType.F64) {
            WideElements.load(elements, n, longs);
            for (int i = 0; i < n; i++) {
                out[i] = (float) Double.longBitsToDouble(longs[i]);
            }
        } else {
            narrow.load(elements, dtype.bits(), n, ints);
            switch (dtype) {
                case BF16 -> {
                    for (int i = 0; i < n; i++) {
                        out[i] = Float.intBitsToFloat(ints[i] << 16);
                    }
                }
                case F32 -> {
                    for (int i = 0; i < n; i++) {
                        out[i] = Float.intBitsToFloat(ints[i]);
                    }
                }
                case F16 -> {
                    for (int i = 0; i < n; i++) {
                        out[i] = Float.float16ToFloat((short) ints[i]);
                    }
                }
                default -> small(dtype, n, out);
            }
        }
        for (int i = 0; i < n; i++) {
            out[i] = Math.abs(out[i]) <= Float.MAX_VALUE ? out[i] : 0;
        }
    }

    /** Eight-bit floats by their fields; special values do not matter for statistics. */
    private void small(DType dtype, int n, float[] out) {
        float[] values = new float[256];
        int mantissaBits = dtype.mantissaBits();
        int bias = (1 << dtype.exponentBits() - 1) - 1;
        for (int u = 0; u < 256; u++) {
            int exponent = (u & 0x7F) >> mantissaBits;
            int mantissa = u & (1 << mantissaBits) - 1;
            int significand = exponent == 0 ? mantissa : mantissa | 1 << mantissaBits;
            float magnitude = Math.scalb((float) significand, Math.max(exponent, 1) - bias - mantissaBits);
            values[u] = u < 128 ? magnitude : -magnitude;
        }
        for (int i = 0; i < n; i++) {
            out[i] = values[ints[i]];
        }
    }
}
