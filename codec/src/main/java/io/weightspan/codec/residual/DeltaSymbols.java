package io.weightspan.codec.residual;

import io.weightspan.codec.kernel.ElementKernel;

/**
 * The symbols of ordered differences ({@code encodings/delta.md}): for each, the bits of |d| that it fixes, the
 * number of raw bits that follow, and the sign.
 *
 * <p>Immutable and thread-safe.
 */
final class DeltaSymbols {
    /** For coded widths up to 32 bits: two bits below the leading one belong to the symbol. */
    static final DeltaSymbols NARROW = new DeltaSymbols(2);

    /** For wider elements: one bit below the leading one belongs to the symbol. */
    static final DeltaSymbols WIDE = new DeltaSymbols(1);

    /** The symbol of an element whose bits follow whole. */
    static final int ESCAPE = ElementKernel.ESCAPE;

    /** The symbol of no difference. */
    static final int ZERO = ElementKernel.ZERO_DIFFERENCE;

    /** Bits of |d| that the symbol fixes, the raw bits being zero. */
    final long[] base = new long[256];

    /** Number of raw bits. */
    final int[] rawBits = new int[256];

    /** All ones where d is negative, else 0. */
    final int[] sign = new int[256];

    private final int subBits;

    private DeltaSymbols(int subBits) {
        this.subBits = subBits;
        for (int s = 1; s < 256; s++) {
            int b = Math.abs(s - ZERO);
            int r = Math.max(0, (b >> subBits) - 1);
            rawBits[s] = r;
            base[s] = b < 1 << subBits ? b : (long) (1 << subBits | b & (1 << subBits) - 1) << r;
            sign[s] = s < ZERO ? -1 : 0;
        }
    }

    /** The symbol of d, given a = |d| as an unsigned number. */
    int of(long a, boolean negative) {
        int r = Math.max(0, 63 - Long.numberOfLeadingZeros(a) - subBits);
        int b = a >>> subBits == 0 ? (int) a : (r + 1 << subBits) + (int) (a >>> r & (1 << subBits) - 1);
        return negative ? ZERO - b : ZERO + b;
    }

    /** Bit length of the largest |d| that a symbol stands for. */
    int bitLength(int symbol) {
        return symbol == ESCAPE ? 0 : 64 - Long.numberOfLeadingZeros(base[symbol]);
    }
}
