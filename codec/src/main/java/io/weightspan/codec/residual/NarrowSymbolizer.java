package io.weightspan.codec.residual;

import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import java.lang.foreign.MemorySegment;

/** Elements of up to 32 bits, handled as ints. */
final class NarrowSymbolizer extends FloatSymbolizer {
    private final NarrowElements memory = new NarrowElements();
    private final int[] elements = new int[FloatBlockDecoder.BLOCK];
    private final int[] predicted = new int[FloatBlockDecoder.BLOCK];
    private final int[] magnitudes = new int[FloatBlockDecoder.BLOCK];

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
    }

    @Override
    void symbolizeDirect(FloatFormat format, int n) {
        int magnitudeMask = (int) ((1L << format.width() - 1) - 1);
        int keyShift = format.keyShift();
        for (int i = 0; i < n; i++) {
            int magnitude = elements[i] & magnitudeMask;
            int s = (magnitude >>> keyShift) - scales[i] + FloatBlockDecoder.KEY_ORIGIN;
            boolean coded = s > FloatBlockDecoder.ZERO_SYMBOL && s < 256;
            symbols[i] = (byte) (magnitude == 0 ? FloatBlockDecoder.ZERO_SYMBOL : coded ? s : DeltaSymbols.ESCAPE);
        }
    }

    @Override
    boolean symbolizeDelta(FloatFormat format, int n) {
        int width = format.width();
        int magnitudeMask = (int) ((1L << width - 1) - 1);
        int signShift = width - 1;
        int unused = 32 - width;
        int keyShift = format.keyShift();
        int any = 0;
        for (int i = 0; i < n; i++) {
            int p = predicted[i];
            int c = elements[i];
            int negative = -(p >>> signShift);
            int ordered = p ^ negative & magnitudeMask;
            int target = c ^ -(c >>> signShift) & magnitudeMask;
            // The difference in the low bits, sign-extended from the coded width, then turned by the prediction's
            // sign.
            int d = (target - ordered ^ negative) - negative << unused >> unused;
            int sign = d >> 31;
            int a = (d ^ sign) - sign;
            any |= d;
            magnitudes[i] = a;
            int length = 32 - Integer.numberOfLeadingZeros(a);
            int r = Math.max(length - 3, 0);
            int b = (r << 2) + (a >>> r);
            symbols[i] = (byte) (DeltaSymbols.ZERO + (b ^ sign) - sign);
            int context = ((p & magnitudeMask) >>> keyShift) - scales[i] + FloatBlockDecoder.CONTEXT_ORIGIN;
            contexts[i] = Math.min(Math.max(context, 0), FloatBlockDecoder.CONTEXTS - 1);
        }
        return any == 0;
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
        if (delta) {
            writeDelta(format, n, out);
        } else {
            writeDirect(format, n, out);
        }
    }

    private void writeDelta(FloatFormat format, int n, BitWriter out) {
        int width = format.width();
        int[] rawBits = DeltaSymbols.NARROW.rawBits;
        for (int i = 0; i < n; i++) {
            int s = symbols[i] & 0xFF;
            if (s == DeltaSymbols.ESCAPE) {
                out.write(difference(width, i), width);
            } else {
                out.write(magnitudes[i], rawBits[s]);
            }
        }
    }

    private int difference(int width, int i) {
        int magnitudeMask = (int) ((1L << width - 1) - 1);
        int negative = -(predicted[i] >>> width - 1);
        int ordered = predicted[i] ^ negative & magnitudeMask;
        int target = elements[i] ^ -(elements[i] >>> width - 1) & magnitudeMask;
        return (target - ordered ^ negative) - negative;
    }

    private void writeDirect(FloatFormat format, int n, BitWriter out) {
        int width = format.width();
        int keyShift = format.keyShift();
        for (int i = 0; i < n; i++) {
            int s = symbols[i] & 0xFF;
            int sign = elements[i] >>> width - 1;
            int low = s > FloatBlockDecoder.ZERO_SYMBOL ? keyShift : s == DeltaSymbols.ESCAPE ? width - 1 : 0;
            out.write(elements[i] & (1L << low) - 1 | (long) sign << low, low + 1);
        }
    }
}
