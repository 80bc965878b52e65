package io.weightspan.codec.residual;

import java.util.Arrays;

/**
 * Counts symbols by context and tells about what an ideal coder would spend on them.
 *
 * <p>Not thread-safe.
 */
public final class SymbolCounts {
    private static final int SYMBOLS = 256;
    private static final double[] N_LOG_N = new double[1 << 14];

    static {
        for (int n = 2; n < N_LOG_N.length; n++) {
            N_LOG_N[n] = n * Math.log(n) / Math.log(2);
        }
    }

    private final int[] counts = new int[FloatBlockDecoder.CONTEXTS * SYMBOLS];
    private int lowestContext = FloatBlockDecoder.CONTEXTS;
    private int highestContext = -1;

    /** Makes empty counts. */
    public SymbolCounts() {}

    /** Forgets all counts. */
    public void clear() {
        if (highestContext >= 0) {
            Arrays.fill(counts, lowestContext * SYMBOLS, (highestContext + 1) * SYMBOLS, 0);
        }
        lowestContext = FloatBlockDecoder.CONTEXTS;
        highestContext = -1;
    }

    /**
     * Adds a symbolized run.
     *
     * @param run the symbolizer that holds it
     * @param n its elements
     */
    public void add(FloatSymbolizer run, int n) {
        int low = lowestContext;
        int high = highestContext;
        for (int i = 0; i < n; i++) {
            int context = run.contexts[i];
            low = Math.min(low, context);
            high = Math.max(high, context);
            counts[context << 8 | run.symbols[i] & 0xFF]++;
        }
        lowestContext = low;
        highestContext = high;
    }

    /**
     * Adds these counts to others.
     *
     * @param totals 256 counts for each of 128 contexts
     */
    public void addTo(long[] totals) {
        for (int i = lowestContext * SYMBOLS; i < (highestContext + 1) * SYMBOLS; i++) {
            totals[i] += counts[i];
        }
    }

    /**
     * About the bits that the counted run takes, raw bits included and its share of tables left out: neighbouring
     * contexts are seen in pairs, and each pair's empirical entropy is raised by its bias.
     *
     * @param format how elements are cut
     * @param delta whether the residual is {@code delta} or {@code cells}
     * @return bits
     */
    public double bits(FloatFormat format, boolean delta) {
        double bits = 0;
        for (int context = lowestContext & ~1; context <= highestContext; context += 2) {
            int at = context * SYMBOLS;
            long sum = 0;
            int cells = 0;
            double raw = 0;
            double own = 0;
            for (int s = 0; s < SYMBOLS; s++) {
                int count = counts[at + s] + counts[at + SYMBOLS + s];
                if (count > 0) {
                    sum += count;
                    cells++;
                    own += nLogN(count);
                    raw += (double) count * FloatSymbolizer.rawBits(format, delta, s);
                }
            }
            if (sum > 0) {
                bits += nLogN(sum) - own + (cells - 1) * 0.7 + raw;
            }
        }
        return bits;
    }

    private static double nLogN(long n) {
        return n < N_LOG_N.length ? N_LOG_N[(int) n] : n * Math.log((double) n) / Math.log(2);
    }
}
