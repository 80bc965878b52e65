package io.weightspan.codec.basis;

import java.util.Arrays;

/** Orthonormal columns (modified Gram-Schmidt, twice: L. Giraud et al., Numer. Math. 101, 2005). Stateless. */
final class Orthonormal {
    /** Of the square of a column: binary32 tells no less. */
    private static final double DEPENDENT = 1e-12;

    private Orthonormal() {}

    /**
     * Makes columns orthonormal, or zero where they depend on those before them.
     *
     * @param q      rows of p columns
     * @param length how many rows
     * @param p      how many columns
     */
    static void columns(float[] q, int length, int p) {
        double[] sums = new double[p];
        for (int k = 0; k < p; k++) {
            double before = square(q, length, p, k);
            for (int pass = 0; pass < 2 && k > 0; pass++) {
                Arrays.fill(sums, 0);
                for (int i = 0; i < length; i++) {
                    double own = q[i * p + k];
                    for (int s = 0; s < k; s++) {
                        sums[s] += own * q[i * p + s];
                    }
                }
                for (int i = 0; i < length; i++) {
                    double own = q[i * p + k];
                    for (int s = 0; s < k; s++) {
                        own -= sums[s] * q[i * p + s];
                    }
                    q[i * p + k] = (float) own;
                }
            }
            double square = square(q, length, p, k);
            // What is left of a column that depends on others is rounding. A short column's inverse is no float.
            double scale = square > DEPENDENT * before ? 1 / Math.sqrt(square) : 0;
            for (int i = 0; i < length; i++) {
                q[i * p + k] = (float) (q[i * p + k] * scale);
            }
        }
    }

    private static double square(float[] q, int length, int p, int k) {
        double square = 0;
        for (int i = 0; i < length; i++) {
            square += (double) q[i * p + k] * q[i * p + k];
        }
        return square;
    }
}
