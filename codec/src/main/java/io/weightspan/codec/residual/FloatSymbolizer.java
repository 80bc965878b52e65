package io.weightspan.codec.residual;

import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Turns a run of elements into symbols, contexts and raw bits: the inverse of what {@link FloatBlockDecoder} does
 * after the entropy decoder. The encoder uses it twice, to count symbols and to write them.
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
public abstract sealed class FloatSymbolizer permits NarrowSymbolizer, WideSymbolizer {
    /** The symbols of the run last given. */
    final byte[] symbols = new byte[FloatBlockDecoder.BLOCK];

    /** The contexts of the run last given, 0 to 127. */
    final int[] contexts = new int[FloatBlockDecoder.BLOCK];

    final int[] scales = new int[FloatBlockDecoder.BLOCK];

    /**
     * A symbolizer for elements of a dtype.
     *
     * @param dtype a dtype with a float coding
     * @return one with scratch memory of its own
     */
    public static FloatSymbolizer create(DType dtype) {
        return dtype.bits() <= 32 ? new NarrowSymbolizer() : new WideSymbolizer();
    }

    /**
     * Finds the symbols of a run for the residual {@code direct}.
     *
     * @param format how elements are cut; every element's padding is zero
     * @param scales the tensor's scales
     * @param elements the run, 1 to 65,536 elements
     * @param first index of its first element in the tensor
     */
    public final void direct(FloatFormat format, ElementScales scales, MemorySegment elements, long first) {
        int n = count(format, elements);
        scales.fill(first, n, this.scales);
        Arrays.fill(contexts, 0, n, 0);
        loadElements(format, elements, n);
        symbolizeDirect(format, n);
    }

    /**
     * Finds the symbols of a run for the residual {@code delta}, or {@code cells} where the prediction has what it
     * needs.
     *
     * @param format how elements are cut; every element's padding is zero
     * @param scales the tensor's scales
     * @param elements the run, 1 to 65,536 elements
     * @param prediction of the same run
     * @param first index of its first element in the tensor
     * @return whether every element equals its prediction
     */
    public final boolean delta(
            FloatFormat format, ElementScales scales, MemorySegment elements, Prediction prediction, long first) {
        int n = count(format, elements);
        scales.fill(first, n, this.scales);
        loadElements(format, elements, n);
        loadPrediction(format, prediction, n);
        return symbolizeDelta(format, n);
    }

    private static int count(FloatFormat format, MemorySegment elements) {
        return Math.toIntExact(elements.byteSize() / (format.dtype().bits() / 8));
    }

    /**
     * Raw bits of a symbol.
     *
     * @param format how elements are cut
     * @param delta whether the residual is {@code delta} or {@code cells}
     * @param symbol 0 to 255
     * @return bits that follow the symbol
     */
    public static int rawBits(FloatFormat format, boolean delta, int symbol) {
        if (symbol == DeltaSymbols.ESCAPE) {
            return format.width();
        }
        return delta
                ? FloatBlockDecoder.table(format).rawBits[symbol]
                : symbol == FloatBlockDecoder.ZERO_SYMBOL ? 1 : format.keyShift() + 1;
    }

    abstract void loadElements(FloatFormat format, MemorySegment elements, int n);

    abstract void loadPrediction(FloatFormat format, Prediction prediction, int n);

    abstract void symbolizeDirect(FloatFormat format, int n);

    abstract boolean symbolizeDelta(FloatFormat format, int n);

    /** Whether the n loaded elements are all the same. */
    abstract boolean isConstant(int n);

    /** Appends the raw bits of the run's symbols, some of which may have become escapes since. */
    abstract void writeRaw(FloatFormat format, boolean delta, int n, BitWriter out);
}
