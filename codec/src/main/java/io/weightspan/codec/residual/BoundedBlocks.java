package io.weightspan.codec.residual;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.entropy.EncodingTables;
import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of the residual {@code bounded} ({@code encodings/bounded.md}).
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
public final class BoundedBlocks {
    /** Elements in a block that is not a tensor's last. */
    public static final int BLOCK = IntegerBlock.MOST;

    private static final int CONTEXTS = 128;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final IntegerBlock integers = new IntegerBlock();
    private final int[] decoded = new int[BLOCK];
    private final float[] differences = new float[BLOCK];
    private final int[] scales = new int[BLOCK];
    private final int[] offsets = new int[BLOCK];

    /** Makes scratch memory. */
    public BoundedBlocks() {}

    /**
     * Decodes a block.
     *
     * @param parameters of the tensor; of the format only the dtype counts
     * @param step what a step is worth
     * @param block the stored bytes
     * @param prediction the predicted elements of the block, or null
     * @param first index of the block's first element in the tensor
     * @param out receives the block's elements
     * @throws ContainerException {@code MALFORMED_BLOCK} (R-BND-001)
     */
    public void decode(
            FloatBlockDecoder.Parameters parameters,
            float step,
            MemorySegment block,
            @Nullable Center prediction,
            long first,
            MemorySegment out)
            throws ContainerException {
        DType dtype = parameters.format().dtype();
        int n = Math.toIntExact(out.byteSize() * Byte.SIZE / dtype.bits());
        contexts(parameters.scales(), parameters.contexts(), first, n);
        int escaped = integers.decode(block, parameters.tables(), offsets, n, dtype.bits(), decoded, 0);
        for (int i = 0; i < n; i++) {
            differences[i] = step * decoded[i];
        }
        CentredElements.add(dtype, prediction, differences, n, out);
        for (int i = 0; i < escaped; i++) {
            put(out, dtype, integers.escape(i), decoded[integers.escape(i)]);
        }
    }

    /** Looks up what belongs to the context of each element. */
    private void contexts(ElementScales of, int[] byContext, long first, int n) {
        contexts(of, first, n);
        for (int i = 0; i < n; i++) {
            offsets[i] = byContext[scales[i]];
        }
    }

    private void contexts(ElementScales of, long first, int n) {
        of.fill(first, n, scales);
        for (int i = 0; i < n; i++) {
            scales[i] = Math.min(Math.max(scales[i], 0), CONTEXTS - 1);
        }
    }

    private static void put(MemorySegment out, DType dtype, int i, int bits) {
        if (dtype == DType.F32) {
            out.setAtIndex(INT, i, bits);
        } else {
            out.setAtIndex(SHORT, i, (short) bits);
        }
    }

    private static int get(MemorySegment elements, DType dtype, int i) {
        return dtype == DType.F32 ? elements.getAtIndex(INT, i) : elements.getAtIndex(SHORT, i) & 0xFFFF;
    }

    /**
     * Counts symbols.
     *
     * @param of the tensor's scales
     * @param steps the number of steps of each element, {@link Integer#MIN_VALUE} for an escape
     * @param first index of the first of them in the tensor
     * @param n how many, 1 to 65,536
     * @param counts 256 counts for each of 128 contexts, added to
     */
    public void count(ElementScales of, int[] steps, long first, int n, long[] counts) {
        contexts(of, first, n);
        for (int i = 0; i < n; i++) {
            counts[scales[i] << 8 | IntegerBlock.symbol(steps[(int) first + i])]++;
        }
    }

    /**
     * Encodes a block.
     *
     * @param dtype of the elements
     * @param of the tensor's scales
     * @param tables the tables, each with a code for an escape
     * @param tableOf the index of each context's table
     * @param steps the number of steps of each element of the tensor, {@link Integer#MIN_VALUE} for an escape
     * @param first index of the block's first element
     * @param elements the block's elements, which escapes hold
     * @return the stored bytes
     */
    public byte[] encode(
            DType dtype,
            ElementScales of,
            EncodingTables tables,
            int[] tableOf,
            int[] steps,
            long first,
            MemorySegment elements) {
        int n = Math.toIntExact(elements.byteSize() * Byte.SIZE / dtype.bits());
        contexts(of, tableOf, first, n);
        return integers.encode(
                tables, offsets, 0, steps, (int) first, n, dtype.bits(), i -> get(elements, dtype, i));
    }
}
