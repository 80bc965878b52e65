package io.weightspan.codec.residual;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.kernel.ElementKernel;
import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Decodes blocks of the residuals {@code direct}, {@code delta} and {@code cells} ({@code encodings/direct.md}, {@code
 * encodings/delta.md}, {@code encodings/cells.md}).
 *
 * <p>Holds scratch memory for one block, so one decoder serves one thread at a time; it may serve any number of
 * tensors of its width.
 */
public abstract sealed class FloatBlockDecoder permits NarrowBlockDecoder, WideBlockDecoder {
    /** Elements in a block that is not a tensor's last. */
    public static final int BLOCK = SymbolStream.MOST;

    static final int MODE_RAW = 0;
    static final int MODE_PREDICTED = 1;
    static final int MODE_CONSTANT = 2;
    static final int MODE_CODED = 3;
    static final int ZERO_SYMBOL = ElementKernel.ZERO_ELEMENT;
    static final int KEY_ORIGIN = ElementKernel.KEY_ORIGIN;
    static final int CONTEXT_ORIGIN = ElementKernel.CONTEXT_ORIGIN;
    static final int CONTEXTS = ElementKernel.CONTEXTS;

    final int[] scales = new int[BLOCK];
    private final SymbolStream stream = new SymbolStream();

    /** The symbols of the block at hand. */
    final byte[] symbols = stream.symbols;

    /** What the residual {@code cells} needs, which few tensors have. */
    private @Nullable CellContexts cells;

    private final int[] tableOffsets = new int[BLOCK];

    /**
     * A decoder for elements of a dtype.
     *
     * @param dtype a dtype with a float coding
     * @return a decoder with scratch memory of its own
     */
    public static FloatBlockDecoder create(DType dtype) {
        return dtype.bits() <= 32 ? new NarrowBlockDecoder() : new WideBlockDecoder();
    }

    /**
     * What a tensor's blocks have in common.
     *
     * @param format how elements are cut
     * @param scales the elements' scales
     * @param tables the record's tables
     * @param contexts for each of 128 contexts where its table begins in the tables' slots
     */
    public record Parameters(FloatFormat format, ElementScales scales, DecodingTables tables, int[] contexts) {}

    /**
     * The prediction of a block's elements.
     *
     * @param elements their bytes in the source's dtype
     * @param dtype the source's dtype, one that {@code encodings/predictors.md} allows
     * @param unrounded for the residual {@code cells}, BF16 and F16 without padding alone: what the elements were
     *      before they were rounded, at least as many; else null
     */
    public record Prediction(MemorySegment elements, DType dtype, float @Nullable [] unrounded) {
        /**
         * A prediction for the residual {@code delta}.
         *
         * @param elements their bytes in the source's dtype
         * @param dtype the source's dtype
         */
        public Prediction(MemorySegment elements, DType dtype) {
            this(elements, dtype, null);
        }
    }

    /**
     * Decodes one block.
     *
     * @param tensor the tensor's parameters
     * @param block the stored bytes, their checksum already checked if that is wanted
     * @param prediction of the block's elements, or null for the residual {@code direct}
     * @param first index in the tensor of the block's first element
     * @param out receives the elements; its size is that of 1 to 65,536 elements
     * @throws ContainerException {@code MALFORMED_BLOCK} if a requirement on blocks is broken; {@code out} then
     *      holds garbage
     */
    public final void decode(
            Parameters tensor, MemorySegment block, @Nullable Prediction prediction, long first, MemorySegment out)
            throws ContainerException {
        int width = tensor.format().dtype().bits() / 8;
        int n = Math.toIntExact(out.byteSize() / width);
        check(block.byteSize() > 0, "is empty");
        int head = block.get(ValueLayout.JAVA_BYTE, 0) & 0xFF;
        int mode = head & 15;
        check(mode == MODE_CODED || head >> 4 == 0, "has bad mode " + head);
        switch (mode) {
            case MODE_RAW -> {
                check(block.byteSize() == 1 + out.byteSize(), "has a bad length");
                out.copyFrom(block.asSlice(1));
            }
            case MODE_PREDICTED -> {
                check(block.byteSize() == 1 && prediction != null, "has no prediction or a bad length");
                if (prediction != null) {
                    predict(tensor.format(), prediction, n, out);
                }
            }
            case MODE_CONSTANT -> {
                check(block.byteSize() == 1 + width, "has a bad length");
                for (int i = 0; i < n; i++) {
                    MemorySegment.copy(block, 1, out, (long) i * width, width);
                }
            }
            case MODE_CODED -> decodeCoded(tensor, block, head >> 4, prediction, first, n, out);
            default -> check(false, "has unknown mode " + mode);
        }
    }

    private void decodeCoded(
            Parameters tensor,
            MemorySegment block,
            int lanesLog,
            @Nullable Prediction prediction,
            long first,
            int n,
            MemorySegment out)
            throws ContainerException {
        tensor.scales().fill(first, n, scales);
        if (prediction == null) {
            Arrays.fill(tableOffsets, 0, n, tensor.contexts()[0]);
        } else {
            contexts(tensor.format(), prediction, n, tableOffsets);
            int[] tables = tensor.contexts();
            for (int i = 0; i < n; i++) {
                tableOffsets[i] = tables[tableOffsets[i]];
            }
        }
        long rawAt = stream.decode(block, lanesLog, tensor.tables(), tableOffsets, n);
        if (prediction != null && prediction.unrounded() != null) {
            cells().turn(symbols, n);
        }
        long end = prediction == null
                ? reconstructDirect(tensor.format(), n, stream.raw(), rawAt, out)
                : reconstructDelta(tensor.format(), n, stream.raw(), rawAt, out);
        stream.checkEnd(end);
    }

    /** The contexts of the residual {@code cells}, of the block at hand. */
    final CellContexts cells() {
        CellContexts known = cells;
        if (known == null) {
            known = new CellContexts();
            cells = known;
        }
        return known;
    }

    static DeltaSymbols table(FloatFormat format) {
        return format.width() <= 32 ? DeltaSymbols.NARROW : DeltaSymbols.WIDE;
    }

    static void check(boolean valid, String what) throws ContainerException {
        SymbolStream.check(valid, what);
    }

    /** Writes the prediction itself, converted, as the decoded elements. */
    abstract void predict(FloatFormat format, Prediction prediction, int n, MemorySegment out);

    /** Loads the coded bits of the prediction and finds each element's context; {@link #scales} are filled. */
    abstract void contexts(FloatFormat format, Prediction prediction, int n, int[] contexts);

    /**
     * Turns {@link #symbols} and raw bits from a bit position into elements, in the light of {@link #scales}; gives the
     * position of the bit after the last one.
     */
    abstract long reconstructDirect(FloatFormat format, int n, byte[] raw, long rawAt, MemorySegment out)
            throws ContainerException;

    /**
     * Turns {@link #symbols} and raw bits from a bit position into elements, upon the loaded prediction; gives the
     * position of the bit after the last one.
     */
    abstract long reconstructDelta(FloatFormat format, int n, byte[] raw, long rawAt, MemorySegment out)
            throws ContainerException;
}
