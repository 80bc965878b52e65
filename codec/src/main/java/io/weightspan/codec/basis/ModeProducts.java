package io.weightspan.codec.basis;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The sum over members of products of a matrix's rows, or of its columns, with each other. For one thread. */
public final class ModeProducts {
    /** Elements of a row that are multiplied before the sum goes on in binary64. */
    private static final int PANEL = 256;

    private final int n;
    private final double[] products;

    /**
     * Begins a sum of 0.
     *
     * @param n rows, or columns, that are multiplied
     */
    public ModeProducts(int n) {
        this.n = n;
        products = new double[n * n];
    }

    /**
     * Adds D D^T.
     *
     * @param d       a matrix of n rows, row by row
     * @param columns its columns
     */
    public void addRows(float[] d, int columns) {
        float[] sums = new float[n];
        float[] column = new float[Math.min(columns, PANEL) * n];
        for (int from = 0; from < columns; from += PANEL) {
            int width = Math.min(PANEL, columns - from);
            // Columns one after the other: then the inner loop runs along memory.
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < width; j++) {
                    column[j * n + i] = d[i * columns + from + j];
                }
            }
            for (int i = 0; i < n; i++) {
                Arrays.fill(sums, i, n, 0);
                for (int j = 0; j < width; j++) {
                    add(column[j * n + i], column, j * n, sums, i, n);
                }
                for (int k = i; k < n; k++) {
                    products[i * n + k] += sums[k];
                }
            }
        }
    }

    private static void add(float factor, float[] from, int fromAt, float[] sums, int begin, int end) {
        for (int k = begin; k < end; k++) {
            sums[k] += factor * from[fromAt + k];
        }
    }

    /**
     * Adds D^T D.
     *
     * @param d    a matrix of n columns, row by row
     * @param rows its rows
     */
    public void addColumns(float[] d, int rows) {
        addRows(Projection.transpose(d, rows, n), rows);
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
