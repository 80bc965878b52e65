package io.weightspan.codec.kernel;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The reference implementation, one element at a time. */
public final class ScalarElementKernel implements ElementKernel {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** In {@link #SYMBOLS}: where the number of raw bits begins. */
    private static final int COUNT_SHIFT = 32;

    /** In {@link #SYMBOLS}: where the bit length of the difference begins. */
    private static final int LENGTH_SHIFT = 40;

    /**
     * For each symbol of a difference the bits of |d| that it fixes (0 to 31), the number of raw bits (32 to 39) and
     * the bit length of |d| (40 to 47). An escape's raw bits depend on the width.
     */
    private static final long[] SYMBOLS = new long[256];

    static {
        for (int s = 1; s < SYMBOLS.length; s++) {
            int b = Math.abs(s - ZERO_DIFFERENCE);
            int r = Math.max(0, (b >> 2) - 1);
            long fixed = b < 4 ? b : (4L | b & 3) << r;
            SYMBOLS[s] = fixed & 0xFFFF_FFFFL
                    | (long) r << COUNT_SHIFT
                    | (long) (Long.SIZE - Long.numberOfLeadingZeros(fixed)) << LENGTH_SHIFT;
        }
    }

    /** Makes one; it has no state. */
    public ScalarElementKernel() {}

    @Override
    public void contexts(BitLayout layout, int[] predicted, int[] scales, int n, int[] contexts) {
        contexts(layout, predicted, scales, contexts, n);
    }

    static void contexts(BitLayout layout, int[] predicted, int[] scales, int[] contexts, int n) {
        int magnitudes = layout.magnitudes();
        int keyShift = layout.keyShift();
        for (int i = 0; i < n; i++) {
            int context = ((predicted[i] & magnitudes) >>> keyShift) - scales[i] + CONTEXT_ORIGIN;
            contexts[i] = Math.min(Math.max(context, 0), CONTEXTS - 1);
        }
    }

    @Override
    public long delta(BitLayout layout, byte[] symbols, int[] predicted, int n, byte[] raw, long bit) {
        return delta(layout, symbols, predicted, 0, n, raw, bit);
    }

    /** Decodes the elements {@code from} to {@code to - 1}, of which the first has its raw bits at {@code bit}. */
    static long delta(BitLayout layout, byte[] symbols, int[] predicted, int from, int to, byte[] raw, long bit) {
        int width = layout.width();
        int magnitudes = layout.magnitudes();
        int all = layout.all();
        int longest = 0;
        long at = bit;
        for (int i = from; i < to; i++) {
            int s = symbols[i] & 0xFF;
            int p = predicted[i];
            long symbol = s == ESCAPE ? (long) width << COUNT_SHIFT : SYMBOLS[s];
            int negative = -(p >>> width - 1);
            int ordered = p ^ negative & magnitudes;
            int count = (int) (symbol >>> COUNT_SHIFT) & 0xFF;
            int a = (int) symbol | (int) bits(raw, at, count);
            longest = Math.max(longest, (int) (symbol >>> LENGTH_SHIFT));
            at += count;
            // d = a with the symbol's sign (an escape has none), then turned by the prediction's sign
            int turn = (s - ZERO_DIFFERENCE & -s) >> 31 ^ negative;
            int sum = ordered + ((a ^ turn) - turn) & all;
            predicted[i] = (sum ^ -(sum >>> width - 1) & magnitudes) << layout.shift();
        }
        return longest > width ? -1 : at;
    }

    @Override
    public long direct(
            BitLayout layout, byte[] symbols, int[] scales, int[] elements, int n, byte[] raw, long bit) {
        return direct(layout, symbols, scales, elements, 0, n, raw, bit);
    }

    /** Decodes the elements {@code from} to {@code to - 1}, of which the first has its raw bits at {@code bit}. */
    static long direct(
            BitLayout layout, byte[] symbols, int[] scales, int[] elements, int from, int to, byte[] raw, long bit) {
        int width = layout.width();
        int keyShift = layout.keyShift();
        int keys = 1 << width - 1 - keyShift;
        int outside = 0;
        long at = bit;
        for (int i = from; i < to; i++) {
            int s = symbols[i] & 0xFF;
            int key = 0;
            int count = s == ESCAPE ? width - 1 : 0;
            if (s > ZERO_ELEMENT) {
                key = s - KEY_ORIGIN + scales[i];
                outside |= key | keys - 1 - key;
                count = keyShift;
            }
            int fields = (int) bits(raw, at, count + 1);
            int magnitude = key << keyShift | fields & (int) ((1L << count) - 1);
            elements[i] = (magnitude | fields >>> count << width - 1) << layout.shift();
            at += count + 1;
        }
        return outside < 0 ? -1 : at;
    }

    /** Up to 57 bits from a bit position. */
    private static long bits(byte[] raw, long at, int count) {
        return (long) LONG.get(raw, (int) (at >>> 3)) >>> (at & 7) & (1L << count) - 1;
    }

    @Override
    public boolean differences(
            BitLayout layout, int[] elements, int[] predicted, int n, byte[] symbols, int[] magnitudes) {
        return differences(layout, elements, predicted, 0, n, symbols, magnitudes);
    }

    static boolean differences(
            BitLayout layout, int[] elements, int[] predicted, int from, int to, byte[] symbols, int[] magnitudes) {
        int signShift = layout.width() - 1;
        int magnitudeBits = layout.magnitudes();
        int unused = 32 - layout.width();
        int any = 0;
        for (int i = from; i < to; i++) {
            int negative = -(predicted[i] >>> signShift);
            int ordered = predicted[i] ^ negative & magnitudeBits;
            int target = elements[i] ^ -(elements[i] >>> signShift) & magnitudeBits;
            // The difference in the low bits, sign-extended from the coded width, then turned by the prediction's
            // sign.
            int d = (target - ordered ^ negative) - negative << unused >> unused;
            int sign = d >> 31;
            int a = (d ^ sign) - sign;
            any |= d;
            magnitudes[i] = a;
            int r = Math.max(29 - Integer.numberOfLeadingZeros(a), 0);
            int b = (r << 2) + (a >>> r);
            symbols[i] = (byte) (ZERO_DIFFERENCE + (b ^ sign) - sign);
        }
        return any == 0;
    }

    @Override
    public void keys(BitLayout layout, int[] elements, int[] scales, int n, byte[] symbols) {
        keys(layout, elements, scales, 0, n, symbols);
    }

    static void keys(BitLayout layout, int[] elements, int[] scales, int from, int to, byte[] symbols) {
        int magnitudes = layout.magnitudes();
        int keyShift = layout.keyShift();
        for (int i = from; i < to; i++) {
            int magnitude = elements[i] & magnitudes;
            int s = (magnitude >>> keyShift) - scales[i] + KEY_ORIGIN;
            boolean coded = s > ZERO_ELEMENT && s < 256;
            symbols[i] = (byte) (magnitude == 0 ? ZERO_ELEMENT : coded ? s : ESCAPE);
        }
    }
}
