package io.weightspan.codec.residual;

import io.weightspan.codec.container.ContainerException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Elements of 64 bits, handled as longs; the same steps as {@link NarrowBlockDecoder}. */
final class WideBlockDecoder extends FloatBlockDecoder {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final long[] predicted = new long[BLOCK];

    private void load(FloatFormat format, Prediction prediction, int n) {
        WideElements.load(prediction.elements(), n, predicted);
        WideElements.round(format, n, predicted);
    }

    @Override
    void predict(FloatFormat format, Prediction prediction, int n, MemorySegment out) {
        load(format, prediction, n);
        for (int i = 0; i < n; i++) {
            predicted[i] <<= format.shift();
        }
        WideElements.store(predicted, n, out);
    }

    @Override
    void contexts(FloatFormat format, Prediction prediction, int n, int[] contexts) {
        load(format, prediction, n);
        long magnitudes = (1L << format.width() - 1) - 1;
        int keyShift = format.keyShift();
        for (int i = 0; i < n; i++) {
            int key = (int) ((predicted[i] & magnitudes) >>> keyShift);
            contexts[i] = Math.min(Math.max(key - scales[i] + CONTEXT_ORIGIN, 0), CONTEXTS - 1);
        }
    }

    @Override
    long reconstructDelta(FloatFormat format, int n, byte[] raw, long rawAt, MemorySegment out)
            throws ContainerException {
        int width = format.width();
        long magnitudes = (1L << width - 1) - 1;
        long all = magnitudes << 1 | 1;
        DeltaSymbols table = table(format);
        int longest = 0;
        long bit = rawAt;
        for (int i = 0; i < n; i++) {
            int s = symbols[i] & 0xFF;
            long p = predicted[i];
            long negative = -(p >>> width - 1);
            long ordered = p ^ negative & magnitudes;
            int count = s == DeltaSymbols.ESCAPE ? width : table.rawBits[s];
            long a = table.base[s] | bits(raw, bit, count);
            bit += count;
            longest = Math.max(longest, table.bitLength(s));
            long turn = table.sign[s] ^ negative;
            long sum = ordered + ((a ^ turn) - turn) & all;
            predicted[i] = (sum ^ -(sum >>> width - 1) & magnitudes) << format.shift();
        }
        check(longest <= width, "has a difference of too many bits");
        WideElements.store(predicted, n, out);
        return bit;
    }

    @Override
    long reconstructDirect(FloatFormat format, int n, byte[] raw, long rawAt, MemorySegment out)
            throws ContainerException {
        int width = format.width();
        int keyShift = format.keyShift();
        int keys = 1 << width - 1 - keyShift;
        int outside = 0;
        long bit = rawAt;
        for (int i = 0; i < n; i++) {
            int s = symbols[i] & 0xFF;
            int count = s > ZERO_SYMBOL ? keyShift : s == ZERO_SYMBOL ? 0 : width - 1;
            long magnitude = bits(raw, bit, count);
            if (s > ZERO_SYMBOL) {
                int key = s - KEY_ORIGIN + scales[i];
                outside |= key | keys - 1 - key;
                magnitude |= (long) key << keyShift;
            }
            bit += count;
            long sign = bits(raw, bit, 1);
            bit++;
            predicted[i] = (magnitude | sign << width - 1) << format.shift();
        }
        check(outside >= 0, "has a key outside the dtype");
        WideElements.store(predicted, n, out);
        return bit;
    }

    /** Up to 64 bits from a bit position. */
    private static long bits(byte[] raw, long bit, int count) {
        long low = bits32(raw, bit);
        return count <= 32 ? low & (1L << count) - 1 : low | (bits32(raw, bit + 32) & (1L << count - 32) - 1) << 32;
    }

    private static long bits32(byte[] raw, long bit) {
        return (long) LONG.get(raw, (int) (bit >>> 3)) >>> (bit & 7) & 0xFFFF_FFFFL;
    }
}
