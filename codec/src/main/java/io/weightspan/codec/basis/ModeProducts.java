package io.weightspan.codec.basis;

import io.weightspan.codec.kernel.MatrixPanels;
import io.weightspan.codec.kernel.MatrixProduct;
import io.weightspan.codec.kernel.Strided;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The sum over members of products of a matrix's rows, or of its columns, with each other. For one thread. */
public final class ModeProducts {
    /** Elements of a row that are multiplied before the sum goes on in binary64. */
    private static final int PANEL = 256;
    /** Rows of sums at a time. */
    private static final int ROWS = 64;

    private final MatrixProduct product = new MatrixProduct();
    private final int n;
    private final double[] products;
    private final float[] sums;

    /**
     * Begins a sum of 0.
     *
     * @param n rows, or columns, that are multiplied
     */
    public ModeProducts(int n) {
        this.n = n;
        products = new double[n * n];
        sums = new float[Math.min(n, ROWS) * n];
    }

    /**
     * Adds D D^T.
     *
     * @param d       a matrix of n rows, row by row
     * @param columns its columns
     */
    public void addRows(float[] d, int columns) {
        for (int from = 0; from < columns; from += PANEL) {
            int width = Math.min(PANEL, columns - from);
            MatrixPanels right = MatrixPanels.of(new Strided(d, from, 1, columns), width, n);
            add(new Strided(d, from, columns, 1), right);
        }
    }

    /**
     * Adds D^T D.
     *
     * @param d    a matrix of n columns, row by row
     * @param rows its rows
     */
    public void addColumns(float[] d, int rows) {
        for (int from = 0; from < rows; from += PANEL) {
            int height = Math.min(PANEL, rows - from);
            MatrixPanels right = MatrixPanels.of(new Strided(d, from * n, n, 1), height, n);
            add(new Strided(d, from * n, 1, n), right);
        }
    }

    /** Adds the product of a panel and its transpose, of which only the upper triangle counts. */
    private void add(Strided left, MatrixPanels right) {
        for (int row = 0; row < n; row += ROWS) {
            int height = Math.min(ROWS, n - row);
            Arrays.fill(sums, 0);
            Strided some = new Strided(left.values(), left.index(row, 0), left.rowStep(), left.columnStep());
            product.add(some, height, right, row, n, Strided.rows(sums, n));
            for (int i = 0; i < height; i++) {
                int at = (row + i) * n;
                for (int k = row + i; k < n; k++) {
                    products[at + k] += sums[i * n + k];
                }
            }
        }
    }

    /**
     * The sum.
     *
     * @return n rows of n, of which the upper triangle is filled; not a copy
     */
    public double[] products() {
        return products;
    }

    /**
     * The eigenvectors, largest first.
     *
     * @param known directions that they are to be orthogonal to
     * @param others elements that each product sums
     * @param mean the mean of squares of all differences
     * @return null if there are none
     */
    SharedDirections.@Nullable Side side(Optional<Directions> known, int others, double mean) {
        int left = n;
        double[] matrix = products;
        if (known.isPresent()) {
            matrix = symmetric();
            left -= takeOut(matrix, known.get());
        }
        Optional<Eigen> found = left <= 0 ? Optional.empty() : Eigen.of(matrix, n);
        if (found.isEmpty()) {
            return null;
        }
        Eigen eigen = found.get();
        double[][] vectors = new double[left][];
        double[] magnitudes = new double[left];
        for (int k = 0; k < left; k++) {
            vectors[k] = eigen.vectors()[k];
            magnitudes[k] = Math.sqrt(eigen.values()[k] / others / mean);
        }
        return new SharedDirections.Side(vectors, magnitudes);
    }

    private double[] symmetric() {
        double[] matrix = products.clone();
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                matrix[i * n + j] = matrix[j * n + i];
            }
        }
        return matrix;
    }

    /** Leaves of a matrix what is orthogonal to directions, about; returns how many they are. */
    private int takeOut(double[] matrix, Directions known) {
        double[][] out = new double[known.count()][];
        int found = 0;
        for (int k = 0; k < known.count(); k++) {
            double[] u = new double[n];
            for (int i = 0; i < n; i++) {
                u[i] = known.values()[k * n + i];
            }
            for (int s = 0; s < found; s++) {
                subtract(u, out[s], dot(u, out[s]));
            }
            double norm = Math.sqrt(dot(u, u));
            if (norm > 0.5) {
                for (int i = 0; i < n; i++) {
                    u[i] /= norm;
                }
                out[found++] = u;
            }
        }
        // Rows, then columns: P M P with P = I - sum of u u^T.
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < n; i++) {
                double[] row = new double[n];
                for (int j = 0; j < n; j++) {
                    row[j] = matrix[pass == 0 ? i * n + j : j * n + i];
                }
                for (int s = 0; s < found; s++) {
                    subtract(row, out[s], dot(row, out[s]));
                }
                for (int j = 0; j < n; j++) {
                    matrix[pass == 0 ? i * n + j : j * n + i] = row[j];
                }
            }
        }
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                matrix[j * n + i] = (matrix[i * n + j] + matrix[j * n + i]) / 2;
            }
        }
        return found;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static void subtract(double[] from, double[] what, double factor) {
        for (int i = 0; i < from.length; i++) {
            from[i] -= factor * what[i];
        }
    }
}
