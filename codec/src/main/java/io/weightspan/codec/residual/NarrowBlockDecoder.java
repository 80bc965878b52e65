package io.weightspan.codec.residual;

import io.weightspan.codec.container.ContainerException;
import java.lang.foreign.MemorySegment;

/** Elements of up to 32 bits, handled as ints. */
final class NarrowBlockDecoder extends FloatBlockDecoder {
    /** Bits of |d| that each symbol fixes, as ints: with up to 32 coded bits they fit. */
    private static final int[] BASE = new int[256];

    static {
        for (int s = 0; s < 256; s++) {
            BASE[s] = (int) DeltaSymbols.NARROW.base[s];
        }
    }

    private final NarrowElements memory = new NarrowElements();
    private final int[] predicted = new int[BLOCK];

    @Override
    void predict(FloatFormat format, Prediction prediction, int n, MemorySegment out) {
        memory.loadPredicted(format, prediction.elements(), prediction.dtype(), n, predicted);
        NarrowElements.round(format, n, predicted);
        for (int i = 0; i < n; i++) {
            predicted[i] <<= format.shift();
        }
        memory.store(predicted, format.dtype().bits(), n, out);
    }

    @Override
    void contexts(FloatFormat format, Prediction prediction, int n, int[] tables, int[] tableOffsets) {
        memory.loadPredicted(format, prediction.elements(), prediction.dtype(), n, predicted);
        NarrowElements.round(format, n, predicted);
        int magnitudes = (int) ((1L << format.width() - 1) - 1);
        int keyShift = format.keyShift();
        for (int i = 0; i < n; i++) {
            tableOffsets[i] = Math.min(
                    Math.max(((predicted[i] & magnitudes) >>> keyShift) - scales[i] + CONTEXT_ORIGIN, 0), CONTEXTS - 1);
        }
        for (int i = 0; i < n; i++) {
            tableOffsets[i] = tables[tableOffsets[i]];
        }
    }

    @Override
    void reconstructDelta(FloatFormat format, int n, long rawAt, MemorySegment out) {
        int width = format.width();
        int magnitudes = (int) ((1L << width - 1) - 1);
        int all = (int) ((1L << width) - 1);
        int signShift = width - 1;
        int shift = format.shift();
        int[] rawBits = DeltaSymbols.NARROW.rawBits;
        int[] signs = DeltaSymbols.NARROW.sign;
        long bit = rawAt;
        for (int i = 0; i < n; i++) {
            int s = symbols[i] & 0xFF;
            int p = predicted[i];
            int negative = -(p >>> signShift);
            int ordered = p ^ negative & magnitudes;
            int count = rawBits[s];
            int a = BASE[s] | (int) raw(bit, (1L << count) - 1);
            if (s == DeltaSymbols.ESCAPE) {
                a = (int) raw(bit, (1L << width) - 1);
                count = width;
            }
            bit += count;
            // d = a with the symbol's sign, then turned by the prediction's sign
            int turn = signs[s] ^ negative;
            int sum = ordered + ((a ^ turn) - turn) & all;
            predicted[i] = (sum ^ -(sum >>> signShift) & magnitudes) << shift;
        }
        memory.store(predicted, format.dtype().bits(), n, out);
    }

    @Override
    void reconstructDirect(FloatFormat format, int n, long rawAt, MemorySegment out) throws ContainerException {
        int width = format.width();
        int keyShift = format.keyShift();
        int keys = 1 << width - 1 - keyShift;
        int shift = format.shift();
        long lowMask = (1L << keyShift) - 1;
        int outside = 0;
        long bit = rawAt;
        for (int i = 0; i < n; i++) {
            int s = symbols[i] & 0xFF;
            int magnitude;
            if (s > ZERO_SYMBOL) {
                int key = s - KEY_ORIGIN + scales[i];
                outside |= key | keys - 1 - key;
                magnitude = key << keyShift | (int) raw(bit, lowMask);
                bit += keyShift;
            } else if (s == ZERO_SYMBOL) {
                magnitude = 0;
            } else {
                magnitude = (int) raw(bit, (1L << width - 1) - 1);
                bit += width - 1;
            }
            int sign = (int) raw(bit, 1);
            bit++;
            predicted[i] = (magnitude | sign << width - 1) << shift;
        }
        check(outside >= 0, "has a key outside the dtype");
        memory.store(predicted, format.dtype().bits(), n, out);
    }
}
