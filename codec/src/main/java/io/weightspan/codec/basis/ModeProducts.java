package io.weightspan.codec.basis;

import java.util.Arrays;
import java.util.Optional;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;
import org.jspecify.annotations.Nullable;

/** The sum of D D^T over members, and its eigenvectors. For one thread. */
final class ModeProducts {
    /** Elements of a row that are multiplied before the sum goes on in binary64. */
    private static final int PANEL = 256;

    private final int n;
    private final double[] products;

    ModeProducts(int n) {
        this.n = n;
        products = new double[n * n];
    }

    /** Adds D D^T of a matrix of n rows. */
    void addRows(float[] d, int columns) {
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

    /** A matrix with rows and columns changed over. */
    static float[] transpose(float[] d, int rows, int columns) {
        float[] transposed = new float[d.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                transposed[j * rows + i] = d[i * columns + j];
            }
        }
        return transposed;
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
        DMatrixRMaj matrix = new DMatrixRMaj(n, n);
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                matrix.set(i, j, products[i * n + j]);
                matrix.set(j, i, products[i * n + j]);
            }
        }
        int left = n;
        if (known.isPresent()) {
            left -= takeOut(matrix, known.get());
        }
        EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(n, true, true);
        if (left <= 0 || !eigen.decompose(matrix)) {
            return null;
        }
        Integer[] order = new Integer[n];
        double[] values = new double[n];
        for (int k = 0; k < n; k++) {
            order[k] = k;
            values[k] = Math.max(0, eigen.getEigenvalue(k).getReal());
        }
        Arrays.sort(order, (a, b) -> Double.compare(values[b], values[a]));
        double[][] vectors = new double[left][];
        double[] magnitudes = new double[left];
        for (int k = 0; k < left; k++) {
            vectors[k] = eigen.getEigenVector(order[k]).data.clone();
            magnitudes[k] = Math.sqrt(values[order[k]] / others / mean);
        }
        return new SharedDirections.Side(vectors, magnitudes);
    }

    /** Leaves of a matrix what is orthogonal to directions, about; returns how many they are. */
    private int takeOut(DMatrixRMaj matrix, Directions known) {
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
                    row[j] = pass == 0 ? matrix.get(i, j) : matrix.get(j, i);
                }
                for (int s = 0; s < found; s++) {
                    subtract(row, out[s], dot(row, out[s]));
                }
                for (int j = 0; j < n; j++) {
                    matrix.set(pass == 0 ? i : j, pass == 0 ? j : i, row[j]);
                }
            }
        }
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                double mean = (matrix.get(i, j) + matrix.get(j, i)) / 2;
                matrix.set(i, j, mean);
                matrix.set(j, i, mean);
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
