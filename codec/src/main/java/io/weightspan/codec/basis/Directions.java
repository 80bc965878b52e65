package io.weightspan.codec.basis;

import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Directions of one side of a matrix, as {@code encodings/modes.md} lays them out in a basis. Immutable by convention;
 * thread-safe.
 *
 * @param count  how many
 * @param length elements of each
 * @param values the directions one after the other, scaled: {@code count * length} values, finite
 * @param levels how large coefficients are along each, in quarters of an octave
 */
public record Directions(int count, int length, float[] values, byte[] levels) {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * Reads directions.
     *
     * @param basis  the file that holds them
     * @param tensor index of the tensor of directions in data order, any number
     * @param count  how many, from the first on; at least 1
     * @param length elements that each must have
     * @return the directions, or empty where the file does not hold such (R-MOD-001)
     * @throws IOException if the file cannot be read
     */
    public static Optional<Directions> read(DecodedFile basis, int tensor, int count, long length) throws IOException {
        List<TensorInfo> tensors = basis.tensors();
        if (basis.schemaLength() == 0 || tensor < 0 || tensor > tensors.size() - 3) {
            return Optional.empty();
        }
        TensorInfo directions = tensors.get(tensor);
        long stored = directions.shape().isEmpty() ? 0 : directions.shape().getFirst();
        boolean fits = directions.shape().equals(List.of(stored, length))
                && (directions.dtype() == DType.I8 || directions.dtype() == DType.BF16
                        || directions.dtype() == DType.F32)
                && count <= stored
                && is(tensors.get(tensor + 1), DType.F32, stored)
                && is(tensors.get(tensor + 2), DType.I8, stored);
        if (!fits || (long) count * length > Integer.MAX_VALUE - 8) {
            return Optional.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment scales = read(basis, tensors.get(tensor + 1), (long) count * Float.BYTES, arena);
            float[] values = new float[count * (int) length];
            long rowBytes = length * directions.dtype().bits() / Byte.SIZE;
            MemorySegment rows = read(basis, directions, count * rowBytes, arena);
            for (int k = 0; k < count; k++) {
                if (!fill(rows.asSlice(k * rowBytes, rowBytes), directions.dtype(), scales.getAtIndex(FLOAT, k), values,
                        k * (int) length, (int) length)) {
                    return Optional.empty();
                }
            }
            byte[] levels = read(basis, tensors.get(tensor + 2), count, arena).toArray(ValueLayout.JAVA_BYTE);
            return Optional.of(new Directions(count, (int) length, values, levels));
        }
    }

    /**
     * Reads directions off a tensor that is not of a basis: its rows, or its columns.
     *
     * @param file       the file that holds it
     * @param tensor     its index in data order, any number
     * @param matrixDims leading dimensions that form its rows
     * @param columns    whether its columns are the directions
     * @param count      how many, from the first on; at least 1
     * @param length     elements that each must have
     * @return the directions, or empty where the file does not hold such (R-MOD-007)
     * @throws IOException if the file cannot be read
     */
    public static Optional<Directions> ofTensor(
            DecodedFile file, int tensor, int matrixDims, boolean columns, int count, long length)
            throws IOException {
        if (file.schemaLength() == 0 || tensor < 0 || tensor >= file.tensors().size()) {
            return Optional.empty();
        }
        TensorInfo info = file.tensors().get(tensor);
        if (!info.dtype().isReal() || info.elementCount() == 0
                || Integer.compareUnsigned(matrixDims, info.shape().size()) > 0) {
            return Optional.empty();
        }
        long stored = columns ? info.columns(matrixDims) : info.rows(matrixDims);
        long each = columns ? info.rows(matrixDims) : info.columns(matrixDims);
        if (each != length || count > stored || (long) count * length > Integer.MAX_VALUE - 8
                || info.elementCount() > Integer.MAX_VALUE - 8) {
            return Optional.empty();
        }
        float[] values = new float[count * (int) length];
        try (Arena arena = Arena.ofConfined()) {
            // Of rows the first ones are all that is needed.
            long used = columns ? info.byteLength() : count * length * info.dtype().bits() / Byte.SIZE;
            CentredElements.Center elements =
                    new CentredElements.Center(read(file, info, used, arena), info.dtype());
            for (int k = 0; k < count; k++) {
                for (int x = 0; x < length; x++) {
                    float value = elements.value(columns ? x * stored + k : k * length + x);
                    values[k * (int) length + x] = value;
                    if (!(Math.abs(value) <= Float.MAX_VALUE)) {
                        return Optional.empty();
                    }
                }
            }
        }
        return Optional.of(new Directions(count, (int) length, values, new byte[count]));
    }

    private static boolean is(TensorInfo tensor, DType dtype, long elements) {
        return tensor.dtype() == dtype && tensor.shape().equals(List.of(elements));
    }

    private static MemorySegment read(DecodedFile file, TensorInfo tensor, long bytes, Arena arena)
            throws IOException {
        MemorySegment segment = arena.allocate(Math.max(1, bytes), Float.BYTES).asSlice(0, bytes);
        file.read(file.schemaLength() + tensor.begin(), segment);
        return segment;
    }

    /** The elements of one direction times its scale; false if a product is not finite. */
    private static boolean fill(MemorySegment row, DType dtype, float scale, float[] values, int at, int length) {
        boolean finite = true;
        for (int i = 0; i < length; i++) {
            float element = switch (dtype) {
                case I8 -> row.get(ValueLayout.JAVA_BYTE, i);
                case BF16 -> Float.intBitsToFloat(row.getAtIndex(SHORT, i) << 16);
                default -> row.getAtIndex(FLOAT, i);
            };
            values[at + i] = element * scale;
            finite &= Math.abs(values[at + i]) <= Float.MAX_VALUE;
        }
        return finite;
    }

    /**
     * Some of the directions.
     *
     * @param some how many, from the first on; at most all
     * @return those
     */
    public Directions first(int some) {
        return some == count
                ? this
                : new Directions(some, length, Arrays.copyOf(values, some * length), Arrays.copyOf(levels, some));
    }

    /**
     * Directions one after the other.
     *
     * @param parts at least one, all of the same length
     * @return all of them
     * @throws ArithmeticException if they are more than an array holds
     */
    public static Directions concatenate(List<Directions> parts) {
        if (parts.size() == 1) {
            return parts.getFirst();
        }
        int count = 0;
        for (Directions part : parts) {
            count = Math.addExact(count, part.count);
        }
        int length = parts.getFirst().length;
        float[] values = new float[Math.multiplyExact(count, length)];
        byte[] levels = new byte[count];
        int at = 0;
        for (Directions part : parts) {
            System.arraycopy(part.values, 0, values, at * length, part.values.length);
            System.arraycopy(part.levels, 0, levels, at, part.count);
            at += part.count;
        }
        return new Directions(count, length, values, levels);
    }
}
