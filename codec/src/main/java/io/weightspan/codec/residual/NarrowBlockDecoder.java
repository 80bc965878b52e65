package io.weightspan.codec.residual;

import io.weightspan.codec.container.ContainerException;
import java.lang.foreign.MemorySegment;

/** Elements of up to 32 bits, handled as ints. */
final class NarrowBlockDecoder extends FloatBlockDecoder {
    /** In {@link #SYMBOLS}: where the number of raw bits begins. */
    private static final int COUNT_SHIFT = 32;

    /** In {@link #SYMBOLS}: set where the difference is longer than the coded width may allow. */
    private static final int LENGTH_SHIFT = 40;

    /**
     * For each symbol of a difference the bits of |d| that it fixes (0 to 31), the number of raw bits (32 to 39) and
     * the bit length of |d| (40 to 47). An escape is a difference whose bits are all raw; its count depends on the
     * width and is put in for each block.
     */
    private static final long[] SYMBOLS = new long[256];

    static {
        for (int s = 1; s < 256; s++) {
            SYMBOLS[s] = DeltaSymbols.NARROW.base[s] & 0xFFFF_FFFFL
                    | (long) DeltaSymbols.NARROW.rawBits[s] << COUNT_SHIFT
                    | (long) DeltaSymbols.NARROW.bitLength(s) << LENGTH_SHIFT;
        }
    }

    private final long[] symbolsOfWidth = SYMBOLS.clone();

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
    long reconstructDelta(FloatFormat format, int n, long rawAt, MemorySegment out) throws ContainerException {
        int width = format.width();
        int magnitudes = (int) ((1L << width - 1) - 1);
        int all = (int) ((1L << width) - 1);
        int signShift = width - 1;
        int shift = format.shift();
        long[] table = symbolsOfWidth;
        table[DeltaSymbols.ESCAPE] = (long) width << COUNT_SHIFT;
        int longest = 0;
        long bit = rawAt;
        for (int i = 0; i < n; i++) {
            int s = symbols[i] & 0xFF;
            int p = predicted[i];
            long symbol = table[s];
            int negative = -(p >>> signShift);
            int ordered = p ^ negative & magnitudes;
            int count = (int) (symbol >>> COUNT_SHIFT) & 0xFF;
            int a = (int) symbol | (int) raw(bit, (1L << count) - 1);
            longest = Math.max(longest, (int) (symbol >>> LENGTH_SHIFT));
            bit += count;
            // d = a with the symbol's sign (an escape has none), then turned by the prediction's sign
            int turn = (s - DeltaSymbols.ZERO & -s) >> 31 ^ negative;
            int sum = ordered + ((a ^ turn) - turn) & all;
            predicted[i] = (sum ^ -(sum >>> signShift) & magnitudes) << shift;
        }
        check(longest <= width, "has a difference of too many bits");
        memory.store(predicted, format.dtype().bits(), n, out);
        return bit;
    }

    @Override
    long reconstructDirect(FloatFormat format, int n, long rawAt, MemorySegment out) throws ContainerException {
        int width = format.width();
        int keyShift = format.keyShift();
        int keys = 1 << width - 1 - keyShift;
        int shift = format.shift();
        int lowMask = (1 << keyShift) - 1;
        long rawMask = (1L << keyShift + 1) - 1;
        int outside = 0;
        long bit = rawAt;
        for (int i = 0; i < n; i++) {
            int s = symbols[i] & 0xFF;
            int magnitude;
            int sign;
            if (s > ZERO_SYMBOL) {
                int key = s - KEY_ORIGIN + scales[i];
                outside |= key | keys - 1 - key;
                int raw = (int) raw(bit, rawMask);
                magnitude = key << keyShift | raw & lowMask;
                sign = raw >>> keyShift;
                bit += keyShift + 1;
            } else {
                int count = s == ZERO_SYMBOL ? 0 : width - 1;
                magnitude = (int) raw(bit, (1L << count) - 1);
                sign = (int) raw(bit + count, 1);
                bit += count + 1;
            }
            predicted[i] = (magnitude | sign << width - 1) << shift;
        }
        check(outside >= 0, "has a key outside the dtype");
        memory.store(predicted, format.dtype().bits(), n, out);
        return bit;
    }
}
