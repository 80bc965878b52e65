package io.weightspan.codec.basis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;
import org.jspecify.annotations.Nullable;

/**
 * Columns of thin matrices side by side, and the directions that hold their energy: by the eigenvectors of the columns'
 * products with each other where they are fewer than long, so that no matrix of the long side is made. For one thread.
 */
final class StackedColumns {
    private final int length;
    private final List<double[]> columns = new ArrayList<>();

    StackedColumns(int length) {
        this.length = length;
    }

    /** Adds a column; kept. */
    void add(double[] column) {
        columns.add(column);
    }

    /**
     * The directions, largest first.
     *
     * @param others elements that each coefficient along them sums
     * @param mean the mean of squares of all elements
     * @return null if there are none
     */
    SharedDirections.@Nullable Side side(int others, double mean) {
        if (columns.size() >= length) {
            ModeProducts products = new ModeProducts(length);
            float[] rows = new float[length * columns.size()];
            for (int c = 0; c < columns.size(); c++) {
                for (int i = 0; i < length; i++) {
                    rows[i * columns.size() + c] = (float) columns.get(c)[i];
                }
            }
            products.addRows(rows, columns.size());
            return products.side(Optional.empty(), others, mean);
        }
        int n = columns.size();
        DMatrixRMaj gram = new DMatrixRMaj(n, n);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = 0;
                for (int x = 0; x < length; x++) {
                    sum += columns.get(i)[x] * columns.get(j)[x];
                }
                gram.set(i, j, sum);
                gram.set(j, i, sum);
            }
        }
        EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(n, true, true);
        if (n == 0 || !eigen.decompose(gram)) {
            return null;
        }
        Integer[] order = new Integer[n];
        Arrays.setAll(order, k -> k);
        double[] values = new double[n];
        Arrays.setAll(values, k -> Math.max(0, eigen.getEigenvalue(k).getReal()));
        Arrays.sort(order, (a, b) -> Double.compare(values[b], values[a]));
        List<double[]> vectors = new ArrayList<>();
        List<Double> magnitudes = new ArrayList<>();
        double least = values[order[0]] * 1e-9;
        for (int k = 0; k < n && values[order[k]] > least; k++) {
            double[] weights = eigen.getEigenVector(order[k]).data;
            double[] direction = new double[length];
            double scale = 1 / Math.sqrt(values[order[k]]);
            for (int c = 0; c < n; c++) {
                for (int x = 0; x < length; x++) {
                    direction[x] += scale * weights[c] * columns.get(c)[x];
                }
            }
            vectors.add(direction);
            magnitudes.add(Math.sqrt(values[order[k]] / others / mean));
        }
        return vectors.isEmpty()
                ? null
                : new SharedDirections.Side(
                        vectors.toArray(new double[0][]),
                        magnitudes.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
