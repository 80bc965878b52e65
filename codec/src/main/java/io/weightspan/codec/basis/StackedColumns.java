package io.weightspan.codec.basis;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
        if (Math.min(columns.size(), length) > BasisFitter.LONGEST_GRAM) {
            RangeFinder finder = new RangeFinder(length, columns.size(), true, Optional.empty());
            float[] rows = rows();
            finder.sketch(0, rows);
            finder.orthonormalise();
            finder.add(rows);
            return finder.side(others, mean);
        }
        if (columns.size() >= length) {
            ModeProducts products = new ModeProducts(length);
            products.addRows(rows(), columns.size());
            return products.side(Optional.empty(), others, mean);
        }
        int n = columns.size();
        double[] gram = new double[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                for (int x = 0; x < length; x++) {
                    gram[i * n + j] += columns.get(i)[x] * columns.get(j)[x];
                }
            }
        }
        Optional<Eigen> found = Eigen.of(gram, n);
        if (n == 0 || found.isEmpty()) {
            return null;
        }
        double[] values = found.get().values();
        List<double[]> vectors = new ArrayList<>();
        List<Double> magnitudes = new ArrayList<>();
        double least = values[0] * 1e-9;
        for (int k = 0; k < n && values[k] > least; k++) {
            double[] weights = found.get().vectors()[k];
            double[] direction = new double[length];
            double scale = 1 / Math.sqrt(values[k]);
            for (int c = 0; c < n; c++) {
                for (int x = 0; x < length; x++) {
                    direction[x] += scale * weights[c] * columns.get(c)[x];
                }
            }
            vectors.add(direction);
            magnitudes.add(Math.sqrt(values[k] / others / mean));
        }
        return vectors.isEmpty()
                ? null
                : new SharedDirections.Side(
                        vectors.toArray(new double[0][]),
                        magnitudes.stream().mapToDouble(Double::doubleValue).toArray());
    }

    private float[] rows() {
        int n = columns.size();
        float[] rows = new float[Math.multiplyExact(length, n)];
        for (int c = 0; c < n; c++) {
            for (int i = 0; i < length; i++) {
                rows[i * n + c] = (float) columns.get(c)[i];
            }
        }
        return rows;
    }
}
