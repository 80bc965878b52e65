package io.weightspan.codec.residual;

import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import java.lang.foreign.MemorySegment;

/** Elements of 64 bits, handled as longs; the same steps as {@link NarrowSymbolizer}. */
final class WideSymbolizer extends FloatSymbolizer {
    private final long[] elements = new long[FloatBlockDecoder.BLOCK];
    private final long[] predicted = new long[FloatBlockDecoder.BLOCK];
    private final long[] differences = new long[FloatBlockDecoder.BLOCK];

    @Override
    void loadElements(FloatFormat format, MemorySegment from, int n) {
        WideElements.load(from, n, elements);
        for (int i = 0; i < n; i++) {
            elements[i] >>>= format.shift();
        }
    }

    @Override
    void loadPrediction(FloatFormat format, Prediction prediction, int n) {
        WideElements.load(prediction.elements(), n, predicted);
        WideElements.round(format, n, predicted);
    }

    @Override
    void symbolizeDirect(FloatFormat format, int n) {
        long magnitudeMask = (1L << format.width() - 1) - 1;
        for (int i = 0; i < n; i++) {
            long magnitude = elements[i] & magnitudeMask;
            int s = (int) (magnitude >>> format.keyShift()) - scales[i] + FloatBlockDecoder.KEY_ORIGIN;
            boolean coded = s > FloatBlockDecoder.ZERO_SYMBOL && s < 256;
            symbols[i] = (byte) (magnitude == 0 ? FloatBlockDecoder.ZERO_SYMBOL : coded ? s : DeltaSymbols.ESCAPE);
        }
    }

    @Override
    boolean symbolizeDelta(FloatFormat format, int n) {
        int width = format.width();
        long magnitudeMask = (1L << width - 1) - 1;
        int unused = 64 - width;
        DeltaSymbols table = FloatBlockDecoder.table(format);
        long any = 0;
        for (int i = 0; i < n; i++) {
            long p = predicted[i];
            long c = elements[i];
            long negative = -(p >>> width - 1);
            long ordered = p ^ negative & magnitudeMask;
            long target = c ^ -(c >>> width - 1) & magnitudeMask;
            long d = (target - ordered ^ negative) - negative << unused >> unused;
            any |= d;
            differences[i] = d;
            symbols[i] = (byte) table.of(Math.abs(d), d < 0);
            int context =
                    (int) ((p & magnitudeMask) >>> format.keyShift()) - scales[i] + FloatBlockDecoder.CONTEXT_ORIGIN;
            contexts[i] = Math.min(Math.max(context, 0), FloatBlockDecoder.CONTEXTS - 1);
        }
        return any == 0;
    }

    @Override
    boolean isConstant(int n) {
        long different = 0;
        for (int i = 1; i < n; i++) {
            different |= elements[i] ^ elements[0];
        }
        return different == 0;
    }

    @Override
    void writeRaw(FloatFormat format, boolean delta, int n, BitWriter out) {
        int width = format.width();
        DeltaSymbols table = FloatBlockDecoder.table(format);
        for (int i = 0; i < n; i++) {
            int s = symbols[i] & 0xFF;
            if (delta) {
                boolean escaped = s == DeltaSymbols.ESCAPE;
                out.write(escaped ? differences[i] : Math.abs(differences[i]), escaped ? width : table.rawBits[s]);
            } else {
                int low = s > FloatBlockDecoder.ZERO_SYMBOL
                        ? format.keyShift()
                        : s == DeltaSymbols.ESCAPE ? width - 1 : 0;
                out.write(elements[i] & (1L << low) - 1, low);
                out.write(elements[i] >>> width - 1, 1);
            }
        }
    }
}
