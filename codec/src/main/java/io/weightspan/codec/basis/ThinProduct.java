package io.weightspan.codec.basis;

import io.weightspan.codec.kernel.MatrixPanels;
import io.weightspan.codec.kernel.MatrixProduct;
import io.weightspan.codec.kernel.Strided;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The product of two thin matrices, B of m rows and r columns and A of r rows and n columns, which is never formed.
 * Immutable by convention; thread-safe.
 *
 * @param left  B, row by row
 * @param right A, row by row
 * @param rows  m
 * @param inner r
 * @param columns n
 */
public record ThinProduct(float[] left, float[] right, int rows, int inner, int columns) {
    /**
     * The inner product with another product of the same m and n.
     *
     * @param other the other
     * @return the sum of the products of their elements
     */
    public double dot(ThinProduct other) {
        double sum = 0;
        for (int s = 0; s < inner; s++) {
            for (int t = 0; t < other.inner; t++) {
                double ofLeft = 0;
                for (int i = 0; i < rows; i++) {
                    ofLeft += (double) left[i * inner + s] * other.left[i * other.inner + t];
                }
                double ofRight = 0;
                for (int j = 0; j < columns; j++) {
                    ofRight += (double) right[s * columns + j] * other.right[t * columns + j];
                }
                sum += ofLeft * ofRight;
            }
        }
        return sum;
    }

    /**
     * How far another product is from this one.
     *
     * @param square the sum of the squares of the differences of their elements
     * @param most   the largest of these differences, absolute
     */
    public record Distance(double square, double most) {}

    /**
     * Measures how far another product of the same m and n is, row by row.
     *
     * @param other the other
     * @return the distance, in binary64
     */
    public Distance distance(ThinProduct other) {
        double square = 0;
        double most = 0;
        double[] row = new double[columns];
        for (int i = 0; i < rows; i++) {
            Arrays.fill(row, 0);
            addRow(i, 1, row);
            other.addRow(i, -1, row);
            for (double e : row) {
                square += e * e;
                most = Math.max(most, Math.abs(e));
            }
        }
        return new Distance(square, most);
    }

    private void addRow(int i, int sign, double[] row) {
        for (int t = 0; t < inner; t++) {
            double weight = (double) sign * left[i * inner + t];
            int at = t * columns;
            for (int j = 0; j < columns; j++) {
                row[j] += weight * right[at + j];
            }
        }
    }

    /**
     * The product in given directions: (U^T B)(A V).
     *
     * @param u left directions of length m, or null for the identity
     * @param v right directions of length n, or null for the identity
     * @return k rows of l coefficients
     */
    public float[] coefficients(@Nullable Directions u, @Nullable Directions v) {
        int k = u == null ? rows : u.count();
        int l = v == null ? columns : v.count();
        float[] ofLeft = Projection.coefficients(left, rows, inner, u, null);
        float[] ofRight = Projection.coefficients(right, inner, columns, null, v);
        float[] core = new float[Math.multiplyExact(k, l)];
        new MatrixProduct()
                .add(
                        Strided.rows(ofLeft, inner),
                        k,
                        MatrixPanels.of(Strided.rows(ofRight, l), inner, l),
                        Strided.rows(core, l));
        return core;
    }

    /** Adds columns whose products with themselves sum to those of the product's rows, or of its columns. */
    void addTo(@Nullable StackedColumns ofRows, @Nullable StackedColumns ofColumns) {
        if (ofRows != null) {
            add(ofRows, true);
        }
        if (ofColumns != null) {
            add(ofColumns, false);
        }
    }

    /** B L, with L L^T = A A^T (or A^T L, with L L^T = B^T B): as many columns as the product has directions. */
    private void add(StackedColumns stack, boolean ofLeft) {
        double[][] root = root(ofLeft);
        int length = ofLeft ? rows : columns;
        for (int t = 0; t < inner; t++) {
            double[] column = new double[length];
            for (int s = t; s < inner; s++) {
                for (int x = 0; x < length; x++) {
                    column[x] += root[s][t] * (ofLeft ? left[x * inner + s] : right[s * columns + x]);
                }
            }
            stack.add(column);
        }
    }

    /** The Cholesky factor of the other side's products; of what depends on others the column is 0. */
    private double[][] root(boolean ofLeft) {
        double[][] root = new double[inner][inner];
        for (int s = 0; s < inner; s++) {
            for (int t = 0; t <= s; t++) {
                double sum = 0;
                int length = ofLeft ? columns : rows;
                for (int x = 0; x < length; x++) {
                    sum += ofLeft
                            ? (double) right[s * columns + x] * right[t * columns + x]
                            : (double) left[x * inner + s] * left[x * inner + t];
                }
                double own = sum;
                for (int w = 0; w < t; w++) {
                    sum -= root[s][w] * root[t][w];
                }
                if (s == t) {
                    root[s][s] = sum > own * 1e-12 ? Math.sqrt(sum) : 0;
                } else {
                    root[s][t] = root[t][t] == 0 ? 0 : sum / root[t][t];
                }
            }
        }
        return root;
    }
}
