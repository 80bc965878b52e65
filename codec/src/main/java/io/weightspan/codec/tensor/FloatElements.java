package io.weightspan.codec.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Floats as binary64 and back, each rounded once, to nearest even. Stateless. */
public final class FloatElements {
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private FloatElements() {}

    /**
     * Whether there is arithmetic for a dtype.
     *
     * @param dtype any
     * @return true for F64, F32, F16 and BF16
     */
    public static boolean has(DType dtype) {
        return dtype == DType.F64 || dtype.isReal();
    }

    /**
     * Reads elements; every value is exact.
     *
     * @param dtype one that {@link #has} arithmetic
     * @param elements their bytes
     * @param n how many, from the first on
     * @param out receives them
     * @throws IllegalArgumentException if there is no arithmetic for the dtype
     */
    public static void read(DType dtype, MemorySegment elements, int n, double[] out) {
        for (int i = 0; i < n; i++) {
            out[i] = switch (dtype) {
                case F64 -> elements.getAtIndex(DOUBLE, i);
                case F32 -> elements.getAtIndex(FLOAT, i);
                case F16 -> Float.float16ToFloat(elements.getAtIndex(SHORT, i));
                case BF16 -> Float.intBitsToFloat(elements.getAtIndex(SHORT, i) << 16);
                default -> throw new IllegalArgumentException("no arithmetic for " + dtype);
            };
        }
    }

    /**
     * Writes elements, each rounded to nearest even; what is too large becomes infinite.
     *
     * @param dtype one that {@link #has} arithmetic
     * @param values the elements
     * @param n how many, from the first on
     * @param out receives their bytes
     * @throws IllegalArgumentException if there is no arithmetic for the dtype
     */
    public static void write(DType dtype, double[] values, int n, MemorySegment out) {
        for (int i = 0; i < n; i++) {
            switch (dtype) {
                case F64 -> out.setAtIndex(DOUBLE, i, values[i]);
                case F32 -> out.setAtIndex(FLOAT, i, (float) values[i]);
                case F16 -> out.setAtIndex(SHORT, i, Float.floatToFloat16(toOdd(values[i])));
                case BF16 -> out.setAtIndex(SHORT, i, bf16(toOdd(values[i])));
                default -> throw new IllegalArgumentException("no arithmetic for " + dtype);
            }
        }
    }

    private static short bf16(float x) {
        int u = Float.floatToIntBits(x);
        return (short) (Float.isNaN(x) ? u >>> 16 : u + 0x7FFF + (u >>> 16 & 1) >>> 16);
    }

    /**
     * Rounds to odd: where the value isn't a binary32, the neighbour whose last bit is set. A second rounding, to a
     * format of two bits less or more, then gives what one rounding of the value would.
     */
    private static float toOdd(double value) {
        float nearest = (float) value;
        if (nearest == value || Double.isNaN(value)) {
            return nearest;
        }
        int u = Float.floatToRawIntBits(nearest);
        int truncated = Math.abs((double) nearest) > Math.abs(value) ? u - 1 : u;
        return Float.intBitsToFloat(truncated | 1);
    }
}
