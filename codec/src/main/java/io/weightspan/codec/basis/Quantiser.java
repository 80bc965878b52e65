package io.weightspan.codec.basis;

import java.util.Arrays;

/**
 * Rounds coefficients to whole steps so that error and rate together are smallest: an integer nearer to zero is taken
 * where the bits that it saves outweigh the error that it adds (rate-distortion optimised quantisation).
 *
 * <p>The bits of a symbol are those of the tensor's own symbols in its context, over a Laplace distribution of the size
 * that the context tells. Stateless.
 */
public final class Quantiser {
    /**
     * What a bit is worth, in squares of a step. At high rate an ideal quantiser trades at 2 ln 2 / 12 = 0.1155; the
     * total of a layer and the exact residual upon it was smallest near this on measured families.
     */
    public static final double BIT = 0.12;

    /** The context of coefficients whose root mean square is one step; four contexts an octave. */
    public static final int MIDDLE_CONTEXT = 64;

    private static final int CONTEXTS = 128;
    private static final int SYMBOLS = 16;
    private static final int ROUNDS = 2;
    private static final int MOST = 1 << 24;
    /** Symbols that the assumed distribution counts for beside those that were seen. */
    private static final double PRIOR = 32;
    /** No table gives a symbol less. */
    private static final double LEAST = 1.0 / 8_192;
    /** From here on what is left above a whole number of steps is rounded up, before bits are counted. */
    private static final double DEAD_ZONE = 0.6;

    private Quantiser() {}

    /**
     * The scale of a tensor whose step is so many root mean squares: what is added to the levels of a coefficient's
     * directions to give its context.
     *
     * @param step above 0
     * @return such that levels of 0 and a step of 1 give {@link #MIDDLE_CONTEXT}
     */
    public static int scale(double step) {
        return MIDDLE_CONTEXT - (int) Math.round(4 * Math.log(step) / Math.log(2));
    }

    /**
     * Quantises.
     *
     * @param coefficients the coefficients, finite
     * @param step what a quantised coefficient of 1 is worth, above 0
     * @param contexts the context of each, 0 to 127
     * @return as many integers
     */
    public static int[] quantise(float[] coefficients, float step, byte[] contexts) {
        int n = coefficients.length;
        int[] quantised = withDeadZone(coefficients, step);
        for (int i = 0; i < n; i++) {
            quantised[i] = Math.abs(quantised[i]);
        }
        for (int round = 0; round < ROUNDS; round++) {
            double[] bits = bits(quantised, contexts);
            for (int i = 0; i < n; i++) {
                double steps = Math.min(Math.abs(coefficients[i]) / (double) step, MOST);
                quantised[i] = best(steps, bits, contexts[i] * SYMBOLS);
            }
        }
        for (int i = 0; i < n; i++) {
            quantised[i] = coefficients[i] < 0 ? -quantised[i] : quantised[i];
        }
        return quantised;
    }

    /**
     * Quantises without a thought of bits, but with a dead zone: what rounds down saves more than it costs in error.
     *
     * @param coefficients the coefficients, finite
     * @param step what a quantised coefficient of 1 is worth, above 0
     * @return as many integers
     */
    public static int[] withDeadZone(float[] coefficients, float step) {
        int[] quantised = new int[coefficients.length];
        for (int i = 0; i < quantised.length; i++) {
            double steps = Math.min(Math.abs(coefficients[i]) / (double) step, MOST);
            int q = (int) (steps + 1 - DEAD_ZONE);
            quantised[i] = coefficients[i] < 0 ? -q : q;
        }
        return quantised;
    }

    private static int best(double steps, double[] bits, int at) {
        int low = (int) steps;
        if (low >= SYMBOLS - 1) {
            return (int) (steps + 0.5);
        }
        int best = 0;
        double least = steps * steps + BIT * bits[at];
        for (int q = Math.max(1, low); q <= low + 1; q++) {
            double cost = (steps - q) * (steps - q) + BIT * bits[at + q];
            if (cost < least) {
                best = q;
                least = cost;
            }
        }
        return best;
    }

    /** The bits of each absolute value, sign included, in each context. */
    private static double[] bits(int[] quantised, byte[] contexts) {
        double[] counts = new double[CONTEXTS * SYMBOLS];
        for (int i = 0; i < quantised.length; i++) {
            counts[contexts[i] * SYMBOLS + Math.min(quantised[i], SYMBOLS - 1)]++;
        }
        double[] expected = new double[SYMBOLS];
        for (int context = 0; context < CONTEXTS; context++) {
            int at = context * SYMBOLS;
            laplace(Math.pow(2, (context - MIDDLE_CONTEXT) / 4.0), expected);
            double total = PRIOR + Arrays.stream(counts, at, at + SYMBOLS).sum();
            for (int q = 0; q < SYMBOLS; q++) {
                double part = Math.max(LEAST, (counts[at + q] + PRIOR * expected[q]) / total);
                counts[at + q] = -Math.log(part) / Math.log(2) + (q == 0 ? 0 : 1);
            }
        }
        return counts;
    }

    /** The parts of a Laplace distribution of some deviation that are rounded to each absolute value. */
    private static void laplace(double deviation, double[] parts) {
        double size = deviation / Math.sqrt(2);
        double above = 1;
        for (int q = 0; q < parts.length; q++) {
            double next = q == parts.length - 1 ? 0 : Math.exp(-(q + DEAD_ZONE) / size);
            parts[q] = above - next;
            above = next;
        }
    }
}
