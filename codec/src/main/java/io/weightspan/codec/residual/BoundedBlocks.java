package io.weightspan.codec.residual;

import static io.weightspan.codec.residual.SymbolStream.check;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.entropy.EncodingTables;
import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of the residual {@code bounded} ({@code encodings/bounded.md}).
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
public final class BoundedBlocks {
    /** Elements in a block that is not a tensor's last. */
    public static final int BLOCK = SymbolStream.MOST;

    private static final int CONTEXTS = 128;
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final SymbolStream stream = new SymbolStream();
    private final SymbolStreamEncoder encoder = new SymbolStreamEncoder();
    private final BitWriter raw = new BitWriter(BLOCK);
    private final float[] differences = new float[BLOCK];
    private final int[] scales = new int[BLOCK];
    private final int[] offsets = new int[BLOCK];
    private final int[] escapes = new int[BLOCK];
    private final int[] places = new int[BLOCK];
    private final byte[] symbols = new byte[BLOCK];
    private final int[] fields = new int[BLOCK];
    private final int[] widths = new int[256];

    /** Makes scratch memory. */
    public BoundedBlocks() {
        for (int s = 1; s < widths.length; s++) {
            widths[s] = CoefficientBlocks.rawBits(s);
        }
    }

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
        check(block.byteSize() > 0, "is empty");
        int head = block.get(ValueLayout.JAVA_BYTE, 0) & 0xFF;
        int mode = head & 15;
        check(mode == FloatBlockDecoder.MODE_CODED || head == FloatBlockDecoder.MODE_PREDICTED, "has bad mode " + head);
        int escaped = 0;
        if (mode == FloatBlockDecoder.MODE_PREDICTED) {
            check(block.byteSize() == 1, "has a bad length");
            for (int i = 0; i < n; i++) {
                differences[i] = 0;
            }
        } else {
            contexts(parameters.scales(), first, n);
            for (int i = 0; i < n; i++) {
                offsets[i] = parameters.contexts()[scales[i]];
            }
            long bit = stream.decode(block, head >> 4, parameters.tables(), offsets, n);
            escaped = unfold(n, step, dtype.bits(), bit);
        }
        CentredElements.add(dtype, prediction, differences, n, out);
        for (int i = 0; i < escaped; i++) {
            put(out, dtype, places[i], escapes[i]);
        }
    }

    /** Turns symbols and raw bits into differences; escapes are listed apart. Returns how many there are. */
    private int unfold(int n, float step, int escapeBits, long begin) throws ContainerException {
        widths[DeltaSymbols.ESCAPE] = escapeBits;
        byte[] bytes = stream.raw();
        long bit = begin;
        int escaped = 0;
        int furthest = 0;
        for (int i = 0; i < n; i++) {
            int s = stream.symbols[i] & 0xFF;
            int count = widths[s];
            int field = (int) ((long) LONG.get(bytes, (int) (bit >>> 3)) >>> (bit & 7) & (1L << count) - 1);
            bit += count;
            if (s == DeltaSymbols.ESCAPE) {
                differences[i] = 0;
                places[escaped] = i;
                escapes[escaped++] = field;
            } else {
                furthest = Math.max(furthest, Math.abs(s - DeltaSymbols.ZERO));
                int a = (int) DeltaSymbols.NARROW.base[s] | field;
                differences[i] = step * (s < DeltaSymbols.ZERO ? -a : a);
            }
        }
        check(furthest <= CoefficientBlocks.MOST_DISTANCE, "has a number of too many bits");
        stream.checkEnd(bit);
        return escaped;
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
            counts[scales[i] << 8 | CoefficientBlocks.symbol(steps[(int) first + i])]++;
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
        contexts(of, first, n);
        widths[DeltaSymbols.ESCAPE] = dtype.bits();
        int any = 0;
        for (int i = 0; i < n; i++) {
            int q = steps[(int) first + i];
            any |= q;
            int s = CoefficientBlocks.symbol(q);
            int place = tables.place(tableOf[scales[i]], s);
            if (place < 0) {
                s = DeltaSymbols.ESCAPE;
                place = tables.place(tableOf[scales[i]], s);
            }
            places[i] = place;
            symbols[i] = (byte) s;
            fields[i] = s == DeltaSymbols.ESCAPE ? get(elements, dtype, i) : Math.abs(q);
        }
        if (any == 0) {
            return new byte[] {FloatBlockDecoder.MODE_PREDICTED};
        }
        raw.reset();
        raw.writeAll(fields, symbols, widths, n);
        return encoder.encode(tables, places, n, raw);
    }
}
