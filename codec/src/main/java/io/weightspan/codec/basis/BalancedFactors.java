package io.weightspan.codec.basis;

/**
 * The two factors of a product that each have coefficients of their own ({@code encodings/balanced.md}): columns of the
 * left one and rows of the right one as long as the product's singular values, of which one of the two lengths is taken
 * out again, half of it of either. Immutable; thread-safe.
 *
 * @param left  the left factor
 * @param right the right factor
 */
public record BalancedFactors(MatrixElements left, MatrixElements right) {
    private static final int RUN = 1 << 12;

    /**
     * Balances two factors.
     *
     * @param left    y, row by row
     * @param rows    m, at least 1
     * @param right   x, row by row
     * @param columns n, at least 1
     * @param inner   r, at least 1
     * @return the factors
     */
    public static BalancedFactors of(MatrixElements left, long rows, MatrixElements right, long columns, int inner) {
        double[] ofLeft = new double[inner];
        each(left, rows * inner, (i, y) -> ofLeft[(int) (i % inner)] += y * y);
        double[] ofRight = new double[inner];
        each(right, columns * inner, (i, x) -> ofRight[(int) (i / columns)] += x * x);
        double[] scales = new double[inner];
        for (int t = 0; t < inner; t++) {
            scales[t] = 1 / Math.sqrt(Math.sqrt(Math.sqrt(ofLeft[t]) * Math.sqrt(ofRight[t])));
        }
        return new BalancedFactors(new Scaled(left, scales, 1), new Scaled(right, scales, columns));
    }

    /** Takes an element. */
    @FunctionalInterface
    private interface Element {
        void take(long index, double value);
    }

    private static void each(MatrixElements matrix, long count, Element element) {
        float[] run = new float[(int) Math.min(RUN, count)];
        for (long first = 0; first < count; first += run.length) {
            int n = (int) Math.min(run.length, count - first);
            matrix.read(first, n, run);
            for (int i = 0; i < n; i++) {
                element.take(first + i, run[i]);
            }
        }
    }

    /** A factor, each element times a scale. */
    private static final class Scaled implements MatrixElements {
        private final MatrixElements matrix;
        private final double[] scales;
        private final long run;

        /**
         * Scales a factor.
         *
         * @param matrix the factor before
         * @param scales of each column of the left factor, of each row of the right one
         * @param run    so many elements in a row have the same
         */
        Scaled(MatrixElements matrix, double[] scales, long run) {
            this.matrix = matrix;
            this.scales = scales;
            this.run = run;
        }

        @Override
        public long memory() {
            return matrix.memory() + (long) scales.length * Double.BYTES;
        }

        @Override
        public void read(long first, int n, float[] out) {
            matrix.read(first, n, out);
            for (int i = 0; i < n; i++) {
                float value = (float) (scales[(int) ((first + i) / run % scales.length)] * out[i]);
                // R-BAL-004: what binary32 does not hold is +0.
                out[i] = Math.abs(value) <= Float.MAX_VALUE ? value : 0;
            }
        }
    }
}
