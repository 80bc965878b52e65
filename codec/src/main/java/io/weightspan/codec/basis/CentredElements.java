package io.weightspan.codec.basis;

import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Adds differences to a center and rounds to a dtype ({@code encodings/modes.md}, R-MOD-005 and R-MOD-006). */
public final class CentredElements {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private CentredElements() {}

    /**
     * The elements of a center.
     *
     * @param elements their bytes
     * @param dtype    F32, F16 or BF16
     */
    public record Center(MemorySegment elements, DType dtype) {
        /**
         * An element.
         *
         * @param i its index
         * @return its value, as binary32
         */
        public float value(long i) {
            return switch (dtype) {
                case F32 -> Float.intBitsToFloat(elements.getAtIndex(INT, i));
                case BF16 -> Float.intBitsToFloat(elements.getAtIndex(SHORT, i) << 16);
                default -> Float.float16ToFloat(elements.getAtIndex(SHORT, i));
            };
        }

        /** The element's bits in a dtype that it converts to (R-PRD-004, R-PRD-005). */
        private int converted(long i, DType to) {
            if (dtype == DType.F32) {
                int u = elements.getAtIndex(INT, i);
                return to == DType.BF16 ? bf16(u) : u;
            }
            int u = elements.getAtIndex(SHORT, i);
            return to == DType.F32 ? u << 16 : u;
        }
    }

    /**
     * Reads elements as values.
     *
     * @param file   a file
     * @param tensor one of its tensors, of F32, F16 or BF16
     * @param first  index of the first element
     * @param n      how many
     * @param out    receives them
     * @throws IOException if the file cannot be read
     */
    public static void read(DecodedFile file, TensorInfo tensor, long first, int n, float[] out) throws IOException {
        long width = tensor.dtype().bits() / Byte.SIZE;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(Math.max(1, n * width), Float.BYTES).asSlice(0, n * width);
            file.read(file.schemaLength() + tensor.begin() + first * width, bytes);
            Center elements = new Center(bytes, tensor.dtype());
            for (int i = 0; i < n; i++) {
                out[i] = elements.value(i);
            }
        }
    }

    /**
     * Adds a center to differences.
     *
     * @param center      what is added, or null for nothing
     * @param differences the differences, which become the sums that {@link #add} rounds
     * @param n           how many
     */
    public static void sum(@Nullable Center center, float[] differences, int n) {
        for (int i = 0; i < n; i++) {
            differences[i] = (center == null ? 0 : center.value(i)) + differences[i];
        }
    }

    private static int bf16(int u) {
        return u + 0x7FFF + (u >>> 16 & 1) >>> 16;
    }

    /**
     * Predicts elements.
     *
     * @param dtype       F32, F16 or BF16
     * @param center      what the differences are added to, of the same dtype or BF16 for F32 or F32 for BF16; or null
     * @param differences the differences
     * @param n           how many
     * @param out         receives n elements of the dtype
     */
    public static void add(DType dtype, @Nullable Center center, float[] differences, int n, MemorySegment out) {
        for (int i = 0; i < n; i++) {
            float y = (center == null ? 0 : center.value(i)) + differences[i];
            boolean finite = Math.abs(y) <= Float.MAX_VALUE;
            int bits;
            if (finite) {
                bits = switch (dtype) {
                    case F32 -> Float.floatToRawIntBits(y);
                    case BF16 -> bf16(Float.floatToRawIntBits(y));
                    default -> Float.floatToFloat16(y);
                };
            } else {
                bits = center == null ? 0 : center.converted(i, dtype);
            }
            if (dtype == DType.F32) {
                out.setAtIndex(INT, i, bits);
            } else {
                out.setAtIndex(SHORT, i, (short) bits);
            }
        }
    }
}
