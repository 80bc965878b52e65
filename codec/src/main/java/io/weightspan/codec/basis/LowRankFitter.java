package io.weightspan.codec.basis;

import io.weightspan.codec.kernel.MatrixPanels;
import io.weightspan.codec.kernel.MatrixProduct;
import io.weightspan.codec.kernel.Strided;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

/**
 * Recovers the two thin matrices whose product was added to a matrix before it was rounded: an approximation of low
 * rank (randomised range finder; N. Halko, P. G. Martinsson, J. A. Tropp, "Finding structure with randomness", SIAM
 * Review 53, 2011), then alternately the nearest matrix that would be rounded to what is given and the nearest of low
 * rank.
 *
 * <p>For one thread.
 */
public final class LowRankFitter {
    /** Higher ranks take more bytes than they save. */
    private static final int HIGHEST_RANK = 64;
    /** Rows and columns that tell the rank. */
    private static final int SAMPLE = 256;
    /** Energy beyond the rank, in units of what rounding alone makes. */
    private static final double NOISE = 3;
    private static final int SPARE = 4;
    private static final int SMALL = 1 << 18;
    private static final int ROUNDS = 15;
    private static final int ROUNDS_OF_SMALL = 60;
    /** A round that leaves this part of what the one before it left is the last. */
    private static final double NO_NEARER = 0.97;

    private final int rows;
    private final int columns;
    private final float[] low;
    private final float[] high;
    private final MatrixProduct product = new MatrixProduct();

    /**
     * Prepares to fit.
     *
     * @param rows    m
     * @param columns n
     * @param low     for each element, row by row, the least difference that is rounded to what is given; of no more
     *                than 1e30, so that sums of products stay finite
     * @param high    the largest one, likewise
     */
    public LowRankFitter(int rows, int columns, float[] low, float[] high) {
        this.rows = rows;
        this.columns = columns;
        this.low = low;
        this.high = high;
    }

    /**
     * Two thin matrices, column by column of the left one.
     *
     * @param left  r rows of m
     * @param right r rows of n; each as long as the left one of its index
     */
    public record Factors(double[][] left, double[][] right) {
        /**
         * How many columns the left matrix has.
         *
         * @return r
         */
        public int rank() {
            return left.length;
        }

        private Factors transposed() {
            return new Factors(/* left= */ right, /* right= */ left);
        }
    }

    /**
     * Tells the rank.
     *
     * @return the lowest that explains the differences but for rounding, or 0 if none up to 64 does that pays
     */
    public int rank() {
        int m = Math.min(rows, SAMPLE);
        int n = Math.min(columns, SAMPLE);
        double noise = 0;
        double energy = 0;
        double[] gram = new double[m * m];
        double[][] some = new double[m][n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                int at = (int) ((long) i * rows / m) * columns + (int) ((long) j * columns / n);
                double width = (double) high[at] - low[at];
                some[i][j] = ((double) high[at] + low[at]) / 2;
                noise += width * width / 12;
                energy += some[i][j] * some[i][j];
            }
            for (int k = 0; k <= i; k++) {
                gram[k * m + i] = dot(some[i], some[k]);
            }
        }
        double[] values = solved(Eigen.valuesOf(gram, m)).values();
        double left = energy;
        int most = Math.min(HIGHEST_RANK, Math.min(m, n) / 3);
        for (int r = 0; r <= most; r++) {
            if (left <= NOISE * noise) {
                return r;
            }
            left -= r < values.length ? values[r] : 0;
        }
        return 0;
    }

    /**
     * Finds the matrices.
     *
     * @param rank r, at least 1, at most the shorter side
     * @return the matrices
     */
    public Factors fit(int rank) {
        float[] x = new float[rows * columns];
        for (int i = 0; i < x.length; i++) {
            x[i] = (low[i] + high[i]) / 2;
        }
        int p = Math.min(rank + SPARE, Math.min(rows, columns));
        Random random = new Random(1);
        float[] q = new float[columns * p];
        for (int i = 0; i < q.length; i++) {
            q[i] = (float) random.nextGaussian();
        }
        float[] left = new float[rows * p];
        for (int pass = 0; pass < 3; pass++) {
            times(x, q, p, left);
            Orthonormal.columns(left, rows, p);
            timesTransposed(x, left, p, q);
            if (pass < 2) {
                Orthonormal.columns(q, columns, p);
            }
        }
        Factors factors = balanced(left, rows, q, columns, p, rank);
        int rounds = x.length <= SMALL ? ROUNDS_OF_SMALL : ROUNDS;
        float[] u = columns(factors.left(), rows);
        float[] v = new float[columns * rank];
        double before = Double.POSITIVE_INFINITY;
        for (int round = 0; round < rounds; round++) {
            double moved = clip(factors, x);
            // What is no product but for rounding comes no nearer to one.
            if (moved >= NO_NEARER * before) {
                break;
            }
            before = moved;
            Orthonormal.columns(u, rows, rank);
            timesTransposed(x, u, rank, v);
            Orthonormal.columns(v, columns, rank);
            times(x, v, rank, u);
            factors = balanced(v, columns, u, rows, rank, rank).transposed();
        }
        return factors;
    }

    /**
     * Makes the matrix of the factors, each element moved into the cell that is rounded to what is given; returns the
     * sum of squares of the moves.
     */
    private double clip(Factors factors, float[] x) {
        int rank = factors.rank();
        MatrixPanels right = new MatrixPanels(rank, columns);
        float[] row = new float[columns];
        for (int k = 0; k < rank; k++) {
            for (int j = 0; j < columns; j++) {
                row[j] = (float) factors.right()[k][j];
            }
            right.setRow(k, row);
        }
        Arrays.fill(x, 0);
        product.add(Strided.rows(columns(factors.left(), rows), rank), rows, right, Strided.rows(x, columns));
        double moved = 0;
        for (int i = 0; i < x.length; i++) {
            float inside = Math.min(Math.max(x[i], low[i]), high[i]);
            double by = (double) inside - x[i];
            moved += by * by;
            x[i] = inside;
        }
        return moved;
    }

    /** X Q, with Q and the result of p columns. */
    private void times(float[] x, float[] q, int p, float[] out) {
        Arrays.fill(out, 0);
        MatrixPanels right = MatrixPanels.of(Strided.rows(q, p), columns, p);
        product.add(Strided.rows(x, columns), rows, right, Strided.rows(out, p));
    }

    /** X^T Q, likewise. */
    private void timesTransposed(float[] x, float[] q, int p, float[] out) {
        Arrays.fill(out, 0);
        MatrixPanels right = MatrixPanels.of(Strided.rows(q, p), rows, p);
        product.add(Strided.transposed(x, columns), columns, right, Strided.rows(out, p));
    }

    /** The best factors of a rank of U V^T, U having p orthonormal columns, each pair's columns of the same length. */
    private static Factors balanced(float[] u, int rows, float[] v, int columns, int p, int rank) {
        double[] gram = new double[p * p];
        for (int j = 0; j < columns; j++) {
            for (int a = 0; a < p; a++) {
                double own = v[j * p + a];
                for (int b = 0; b <= a; b++) {
                    gram[b * p + a] += own * v[j * p + b];
                }
            }
        }
        Eigen eigen = solved(Eigen.of(gram, p));
        double[][] left = new double[rank][rows];
        double[][] right = new double[rank][columns];
        for (int k = 0; k < rank; k++) {
            double size = Math.pow(eigen.values()[k], 0.25);
            double inverse = size > 0 ? 1 / size : 0;
            turn(u, eigen.vectors()[k], rows, p, size, left[k]);
            turn(v, eigen.vectors()[k], columns, p, inverse, right[k]);
        }
        return new Factors(left, right);
    }

    private static void turn(float[] q, double[] vector, int length, int p, double scale, double[] out) {
        for (int i = 0; i < length; i++) {
            double sum = 0;
            for (int a = 0; a < p; a++) {
                sum += q[i * p + a] * vector[a];
            }
            out[i] = sum * scale;
        }
    }

    private static float[] columns(double[][] factors, int length) {
        int p = factors.length;
        float[] q = new float[length * p];
        for (int k = 0; k < p; k++) {
            for (int i = 0; i < length; i++) {
                q[i * p + k] = (float) factors[k][i];
            }
        }
        return q;
    }

    private static Eigen solved(Optional<Eigen> eigen) {
        return eigen.orElseThrow(
                () -> new IllegalStateException("no eigenvalues of a matrix of finite numbers"));
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
