package io.weightspan.codec.entropy;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import java.util.Arrays;

/**
 * How often each of 256 symbols occurs, in parts of 4,096: a table of {@code encodings/tables.md}.
 *
 * <p>Immutable. Every frequency is 0 to 4,095 and their sum is 4,096.
 */
public final class FrequencyTable {
    /** Number of symbols that an alphabet can have. */
    public static final int SYMBOLS = 256;

    /** Log2 of {@link #TOTAL}. */
    public static final int TOTAL_BITS = 12;

    /** Sum of the frequencies. */
    public static final int TOTAL = 1 << TOTAL_BITS;

    private static final int MANTISSA_BITS = 3;
    private static final int FIRST_LENGTH = 6;
    private static final int MAX_LENGTH = 12;
    private static final int MAX_ZIGZAG = 24;

    private final short[] frequencies;
    private final int rest;

    private FrequencyTable(short[] frequencies, int rest) {
        this.frequencies = frequencies;
        this.rest = rest;
    }

    /**
     * Finds a storable table for what was counted.
     *
     * @param counts 256 counts, none negative; a symbol with a count gets a frequency of at least 1
     * @return the table; with fewer than two symbols counted, others are added
     */
    public static FrequencyTable fit(long[] counts) {
        double sum = 0;
        int rest = 0;
        int used = 0;
        for (int s = 0; s < SYMBOLS; s++) {
            sum += counts[s];
            used += counts[s] > 0 ? 1 : 0;
            rest = counts[s] > counts[rest] ? s : rest;
        }
        short[] f = new short[SYMBOLS];
        int others = 0;
        if (used < 2) {
            f[rest == SYMBOLS - 1 ? rest - 1 : rest + 1] = 1;
            others = 1;
        } else {
            for (int s = 0; s < SYMBOLS; s++) {
                if (s != rest && counts[s] > 0) {
                    f[s] = (short) storable(counts[s] * TOTAL / sum);
                    others += f[s];
                }
            }
        }
        // Rounding up many rare symbols can leave too little for the most frequent one: take from the largest.
        while (others > TOTAL - 1) {
            int largest = -1;
            for (int s = 0; s < SYMBOLS; s++) {
                largest = s != rest && f[s] > 1 && (largest < 0 || f[s] > f[largest]) ? s : largest;
            }
            int less = below(f[largest]);
            others -= f[largest] - less;
            f[largest] = (short) less;
        }
        f[rest] = (short) (TOTAL - others);
        return new FrequencyTable(f, rest);
    }

    /** The storable frequency nearest to x in ratio, at least 1. */
    private static int storable(double x) {
        if (x <= 1) {
            return 1;
        }
        int f = (int) x;
        int length = 32 - Integer.numberOfLeadingZeros(f);
        int dropped = Math.max(0, length - 1 - MANTISSA_BITS);
        int low = (f >> dropped) << dropped;
        int high = low + (1 << dropped);
        int nearest = x - low < high - x ? low : high;
        return Math.min(nearest, 15 << (MAX_LENGTH - 1 - MANTISSA_BITS));
    }

    private static int below(int f) {
        int dropped = Math.max(0, 31 - Integer.numberOfLeadingZeros(f - 1) - MANTISSA_BITS);
        return ((f - 1) >> dropped) << dropped;
    }

    /**
     * The frequency of a symbol.
     *
     * @param symbol 0 to 255
     * @return 0 to 4,095
     */
    public int frequency(int symbol) {
        return frequencies[symbol];
    }

    /**
     * Appends the table's coded form.
     *
     * @param out where to
     */
    public void write(BitWriter out) {
        int lo = 0;
        while (frequencies[lo] == 0) {
            lo++;
        }
        int hi = SYMBOLS - 1;
        while (frequencies[hi] == 0) {
            hi--;
        }
        out.write(lo, 8);
        out.write(hi, 8);
        out.write(rest, 8);
        int previous = FIRST_LENGTH;
        for (int s = lo; s <= hi; s++) {
            if (s != rest) {
                int length = 32 - Integer.numberOfLeadingZeros(frequencies[s]);
                int change = length - previous;
                int zigzag = change >= 0 ? 2 * change : -2 * change - 1;
                out.write((1L << zigzag) - 1, zigzag + 1);
                int mantissa = Math.min(Math.max(length - 1, 0), MANTISSA_BITS);
                out.write(frequencies[s] >> Math.max(0, length - 1 - mantissa), mantissa);
                previous = length;
            }
        }
    }

    /**
     * Reads a table.
     *
     * @param in the tables' bits, at the table's first
     * @return the table
     * @throws ContainerException {@code MALFORMED_TABLE} if R-TAB-001 is broken
     */
    public static FrequencyTable read(BitReader in) throws ContainerException {
        int lo = (int) in.read(8);
        int hi = (int) in.read(8);
        int rest = (int) in.read(8);
        check(lo <= rest && rest <= hi, "symbols");
        short[] f = new short[SYMBOLS];
        int previous = FIRST_LENGTH;
        int others = 0;
        for (int s = lo; s <= hi; s++) {
            if (s != rest) {
                int zigzag = 0;
                while (in.read(1) == 1) {
                    zigzag++;
                    check(zigzag <= MAX_ZIGZAG, "length code");
                }
                int length = previous + ((zigzag & 1) == 0 ? zigzag / 2 : -(zigzag + 1) / 2);
                check(length >= 0 && length <= MAX_LENGTH, "length");
                if (length > 0) {
                    int mantissa = Math.min(length - 1, MANTISSA_BITS);
                    int value = ((1 << mantissa) | (int) in.read(mantissa)) << (length - 1 - mantissa);
                    f[s] = (short) value;
                    others += value;
                }
                previous = length;
            }
        }
        check(others >= 1 && others < TOTAL, "sum");
        f[rest] = (short) (TOTAL - others);
        return new FrequencyTable(f, rest);
    }

    private static void check(boolean valid, String what) throws ContainerException {
        if (!valid) {
            throw new ContainerException(ErrorCode.MALFORMED_TABLE, "frequency table: bad " + what);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FrequencyTable that && Arrays.equals(frequencies, that.frequencies);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(frequencies);
    }
}
