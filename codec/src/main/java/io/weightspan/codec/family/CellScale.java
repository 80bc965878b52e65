package io.weightspan.codec.family;

/**
 * Looks for the scale with which the residual {@code cells} takes the fewest bits. Stateless.
 *
 * @param scale the scale
 * @param bits what it takes
 */
record CellScale(int scale, double bits) {
    /** An octave, about which the bits hardly change with the scale. */
    private static final int STEP = 4;
    private static final int MOST_STEPS = 8;

    /** Tells what a scale takes. */
    @FunctionalInterface
    interface Measure<E extends Exception> {
        double bits(int scale) throws E;
    }

    /**
     * Goes down from a start, octave by octave.
     *
     * @param start a scale near the best
     * @param measure tells bits
     */
    static <E extends Exception> CellScale best(int start, Measure<E> measure) throws E {
        CellScale best = new CellScale(start, measure.bits(start));
        for (int step = -STEP; step <= STEP; step += 2 * STEP) {
            int from = best.scale();
            for (int i = 1; i <= MOST_STEPS; i++) {
                double bits = measure.bits(from + i * step);
                if (bits >= best.bits()) {
                    break;
                }
                best = new CellScale(from + i * step, bits);
            }
        }
        return best;
    }
}
