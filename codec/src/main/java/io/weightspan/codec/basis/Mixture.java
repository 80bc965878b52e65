package io.weightspan.codec.basis;

/**
 * One factor of an adapter as a mixture of another adapter's: rows of the right factor as sums of the other's rows, or
 * columns of the left one. Adapters with the same product, or nearly so, differ in nothing else.
 *
 * @param weights r rows of s: of row (column) a of the factor what it takes of row (column) b of the other
 * @param left the part of the factor's norm that no mixture reaches, 0 to 1
 */
public record Mixture(double[][] weights, double left) {
    /** Of the largest product of a row with itself: what is less cannot be told from dependent rows. */
    private static final double LEAST_PIVOT = 1e-10;

    /**
     * Finds the mixture of least squares.
     *
     * @param own   the factor, its rows (of a left factor its columns) one after the other
     * @param other the other's, likewise, each as long
     * @param length elements of a row
     * @return the mixture
     */
    public static Mixture of(float[] own, float[] other, int length) {
        int r = own.length / length;
        int s = other.length / length;
        double[][] gram = products(other, other, s, s, length);
        double[][] mixed = products(own, other, r, s, length);
        double[][] weights = new double[r][];
        double square = 0;
        double reached = 0;
        double[][] root = cholesky(gram);
        for (int a = 0; a < r; a++) {
            weights[a] = solve(root, mixed[a]);
            for (int x = 0; x < length; x++) {
                square += (double) own[a * length + x] * own[a * length + x];
            }
            for (int b = 0; b < s; b++) {
                reached += weights[a][b] * mixed[a][b];
            }
        }
        double left = square == 0 ? 0 : Math.sqrt(Math.max(0, 1 - reached / square));
        return new Mixture(weights, left);
    }

    private static double[][] products(float[] one, float[] two, int r, int s, int length) {
        double[][] products = new double[r][s];
        for (int a = 0; a < r; a++) {
            for (int b = 0; b < s; b++) {
                double sum = 0;
                for (int x = 0; x < length; x++) {
                    sum += (double) one[a * length + x] * two[b * length + x];
                }
                products[a][b] = sum;
            }
        }
        return products;
    }

    /** The lower triangular root of a matrix of products; rows that depend on others are 0. */
    private static double[][] cholesky(double[][] gram) {
        int n = gram.length;
        double largest = 0;
        for (int a = 0; a < n; a++) {
            largest = Math.max(largest, gram[a][a]);
        }
        double[][] root = new double[n][n];
        for (int a = 0; a < n; a++) {
            for (int b = 0; b <= a; b++) {
                double sum = gram[a][b];
                for (int c = 0; c < b; c++) {
                    sum -= root[a][c] * root[b][c];
                }
                if (a == b) {
                    root[a][a] = sum > largest * LEAST_PIVOT ? Math.sqrt(sum) : 0;
                } else {
                    root[a][b] = root[b][b] == 0 ? 0 : sum / root[b][b];
                }
            }
        }
        return root;
    }

    private static double[] solve(double[][] root, double[] right) {
        int n = root.length;
        double[] y = new double[n];
        for (int a = 0; a < n; a++) {
            double sum = right[a];
            for (int c = 0; c < a; c++) {
                sum -= root[a][c] * y[c];
            }
            y[a] = root[a][a] == 0 ? 0 : sum / root[a][a];
        }
        for (int a = n - 1; a >= 0; a--) {
            double sum = y[a];
            for (int c = a + 1; c < n; c++) {
                sum -= root[c][a] * y[c];
            }
            y[a] = root[a][a] == 0 ? 0 : sum / root[a][a];
        }
        return y;
    }
}
