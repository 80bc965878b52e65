package io.weightspan.codec.residual;

import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.kernel.ElementKernel;
import io.weightspan.codec.kernel.Kernels;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Elements of up to 32 bits, handled as ints. */
final class NarrowSymbolizer extends FloatSymbolizer {
    private final ElementKernel kernel = Kernels.elements();
    private final NarrowElements memory = new NarrowElements();
    private final int[] elements = new int[FloatBlockDecoder.BLOCK];
    private final int[] predicted = new int[FloatBlockDecoder.BLOCK];
    private final int[] magnitudes = new int[FloatBlockDecoder.BLOCK];

    /** Raw bits of each symbol in the coding and format that follow; found anew where these change. */
    private final int[] widths = new int[256];

    /** What the residual {@code cells} needs, which few tensors have, and what it has of the run at hand. */
    private @Nullable CellContexts cells;

    private float @Nullable [] unrounded;
    private boolean delta;
    private @Nullable FloatFormat format;

    @Override
    void loadElements(FloatFormat format, MemorySegment from, int n) {
        memory.load(from, format.dtype().bits(), n, elements);
        int shift = format.shift();
        if (shift > 0) {
            for (int i = 0; i < n; i++) {
                elements[i] >>>= shift;
            }
        }
    }

    @Override
    void loadPrediction(FloatFormat format, Prediction prediction, int n) {
        memory.loadPredicted(format, prediction.elements(), prediction.dtype(), n, predicted);
        NarrowElements.round(format, n, predicted);
        unrounded = prediction.unrounded();
    }

    @Override
    void symbolizeDirect(FloatFormat format, int n) {
        kernel.keys(format.layout(), elements, scales, n, symbols);
    }

    @Override
    boolean symbolizeDelta(FloatFormat format, int n) {
        float[] before = unrounded;
        if (before == null) {
            kernel.contexts(format.layout(), predicted, scales, n, contexts);
            return kernel.differences(format.layout(), elements, predicted, n, symbols, magnitudes);
        }
        CellContexts found = cells == null ? new CellContexts() : cells;
        cells = found;
        found.find(format.dtype(), before, predicted, scales, n, contexts);
        boolean identical = kernel.differences(format.layout(), elements, predicted, n, symbols, magnitudes);
        found.turn(symbols, n);
        return identical;
    }

    @Override
    boolean isConstant(int n) {
        int different = 0;
        for (int i = 1; i < n; i++) {
            different |= elements[i] ^ elements[0];
        }
        return different == 0;
    }

    @Override
    void writeRaw(FloatFormat format, boolean delta, int n, BitWriter out) {
        if (this.delta != delta || !format.equals(this.format)) {
            this.delta = delta;
            this.format = format;
            Arrays.setAll(widths, s -> rawBits(format, delta, s));
        }
        if (delta) {
            replaceEscapes(format, n);
            out.writeAll(magnitudes, symbols, widths, n);
        } else {
            int signShift = format.width() - 1;
            for (int i = 0; i < n; i++) {
                int low = widths[symbols[i] & 0xFF] - 1;
                magnitudes[i] = elements[i] & (1 << low) - 1 | elements[i] >>> signShift << low;
            }
            out.writeAll(magnitudes, symbols, widths, n);
        }
    }

    /** What follows an escape is the difference itself, modulo 2^w. */
    private void replaceEscapes(FloatFormat format, int n) {
        int width = format.width();
        int magnitudeMask = (int) ((1L << width - 1) - 1);
        for (int i = 0; i < n; i++) {
            if (symbols[i] == DeltaSymbols.ESCAPE) {
                int negative = -(predicted[i] >>> width - 1);
                int ordered = predicted[i] ^ negative & magnitudeMask;
                int target = elements[i] ^ -(elements[i] >>> width - 1) & magnitudeMask;
                magnitudes[i] = (target - ordered ^ negative) - negative;
            }
        }
    }
}
