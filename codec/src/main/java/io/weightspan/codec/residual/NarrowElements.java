package io.weightspan.codec.residual;

import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Moves elements of 8, 16 and 32 bits between memory and ints. Scratch memory for one block; not thread-safe.
 */
final class NarrowElements {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final byte[] bytes = new byte[FloatBlockDecoder.BLOCK];
    private final short[] shorts = new short[FloatBlockDecoder.BLOCK];

    /** Loads n elements, zero-extended. */
    void load(MemorySegment from, int bits, int n, int[] to) {
        switch (bits) {
            case 8 -> {
                MemorySegment.copy(from, ValueLayout.JAVA_BYTE, 0, bytes, 0, n);
                for (int i = 0; i < n; i++) {
                    to[i] = bytes[i] & 0xFF;
                }
            }
            case 16 -> {
                MemorySegment.copy(from, SHORT, 0, shorts, 0, n);
                for (int i = 0; i < n; i++) {
                    to[i] = shorts[i] & 0xFFFF;
                }
            }
            default -> MemorySegment.copy(from, INT, 0, to, 0, n);
        }
    }

    /** Stores the low bits of n elements. */
    void store(int[] from, int bits, int n, MemorySegment to) {
        switch (bits) {
            case 8 -> {
                for (int i = 0; i < n; i++) {
                    bytes[i] = (byte) from[i];
                }
                MemorySegment.copy(bytes, 0, to, ValueLayout.JAVA_BYTE, 0, n);
            }
            case 16 -> {
                for (int i = 0; i < n; i++) {
                    shorts[i] = (short) from[i];
                }
                MemorySegment.copy(shorts, 0, to, SHORT, 0, n);
            }
            default -> MemorySegment.copy(from, 0, to, INT, 0, n);
        }
    }

    /** Loads predicted elements in the format's own dtype (R-PRD-004, R-PRD-005). */
    void loadPredicted(FloatFormat format, MemorySegment from, DType dtype, int n, int[] to) {
        load(from, dtype.bits(), n, to);
        if (dtype == DType.BF16 && format.dtype() == DType.F32) {
            for (int i = 0; i < n; i++) {
                to[i] <<= 16;
            }
        } else if (dtype == DType.F32 && format.dtype() == DType.BF16) {
            for (int i = 0; i < n; i++) {
                int u = to[i];
                to[i] = u + 0x7FFF + (u >>> 16 & 1) >>> 16;
            }
        }
    }

    /** Turns predicted elements into coded bits: rounds away the padding, without passing the largest magnitude. */
    static void round(FloatFormat format, int n, int[] elements) {
        int z = format.shift();
        if (z > 0) {
            int bits = format.dtype().bits();
            int most = (int) ((1L << bits - 1) - 1);
            int half = 1 << z - 1;
            int width = format.width();
            for (int i = 0; i < n; i++) {
                int magnitude = elements[i] & most;
                int rounded = (magnitude > most - half ? most : magnitude + half) >>> z;
                elements[i] = rounded | (elements[i] >>> bits - 1) << width - 1;
            }
        }
    }
}
