package io.weightspan.codec.basis;

import io.weightspan.codec.kernel.MatrixPanels;
import io.weightspan.codec.kernel.MatrixProduct;
import io.weightspan.codec.kernel.Strided;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
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
    /** Squares of singular values below this part of the largest one's are rounding errors. */
    private static final double LEAST_VALUE = 1e-12;

    /**
     * The inner product with another product of the same m and n.
     *
     * @param other the other
     * @return the sum of the products of their elements
     */
    public double dot(ThinProduct other) {
        double[] ofLeft = products(left, inner, other.left, other.inner, rows);
        double[] ofRight =
                products(columnwise(right, inner), inner, columnwise(other.right, other.inner), other.inner, columns);
        double sum = 0;
        for (int at = 0; at < ofLeft.length; at++) {
            sum += ofLeft[at] * ofRight[at];
        }
        return sum;
    }

    /** A^T B of two matrices of as many rows. */
    private static double[] products(float[] a, int p, float[] b, int q, int rows) {
        double[] products = new double[p * q];
        for (int i = 0; i < rows; i++) {
            for (int s = 0; s < p; s++) {
                double own = a[i * p + s];
                for (int t = 0; t < q; t++) {
                    products[s * q + t] += own * b[i * q + t];
                }
            }
        }
        return products;
    }

    /** The transpose of a matrix of as many columns as the product has. */
    private float[] columnwise(float[] matrix, int height) {
        float[] transposed = new float[matrix.length];
        for (int s = 0; s < height; s++) {
            for (int j = 0; j < columns; j++) {
                transposed[j * height + s] = matrix[s * columns + j];
            }
        }
        return transposed;
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

    /**
     * The directions that hold the energy of products, largest first; of a side as many as there can be.
     *
     * @param name     of the slot
     * @param products of the same m and n, at least one
     * @return the directions, with the roots of what each holds as their magnitudes; no side where there is no energy
     */
    public static SharedDirections directions(String name, List<ThinProduct> products) {
        ThinProduct first = products.getFirst();
        StackedColumns left = new StackedColumns(first.rows);
        StackedColumns right = new StackedColumns(first.columns);
        double energy = 0;
        for (ThinProduct product : products) {
            product.addTo(left, right);
            energy += product.dot(product);
        }
        return energy > 0
                ? new SharedDirections(name, first.rows, first.columns, left.side(1, 1), right.side(1, 1))
                : new SharedDirections(name, first.rows, first.columns, null, null);
    }

    /**
     * The product by other factors: singular vectors as long as the singular values are.
     *
     * @param left   U S, m rows of r, largest singular value first
     * @param right  S V^T, r rows of n
     * @param values S, r of them, 0 where there are no more
     */
    public record Scaled(float[] left, float[] right, double[] values) {}

    /**
     * Finds the factors in which an error of an element of either weighs the same in the product: its singular vectors,
     * scaled by the singular values. Both factors' inner products are all that is decomposed.
     *
     * @return the factors, or empty where the product has no energy or is not finite
     */
    public Optional<Scaled> scaled() {
        double[][] root = root(true);
        double[] ofLeft = new double[rows * inner];
        for (int i = 0; i < rows; i++) {
            for (int t = 0; t < inner; t++) {
                for (int s = t; s < inner; s++) {
                    ofLeft[i * inner + t] += root[s][t] * left[i * inner + s];
                }
            }
        }
        double[] gram = new double[inner * inner];
        for (int s = 0; s < inner; s++) {
            for (int t = s; t < inner; t++) {
                for (int i = 0; i < rows; i++) {
                    gram[s * inner + t] += ofLeft[i * inner + s] * ofLeft[i * inner + t];
                }
            }
        }
        return Eigen.of(gram, inner).filter(eigen -> eigen.values()[0] > 0).map(eigen -> scaled(ofLeft, eigen));
    }

    private Scaled scaled(double[] ofLeft, Eigen eigen) {
        double[] values = new double[inner];
        float[] us = new float[rows * inner];
        float[] sv = new float[inner * columns];
        for (int t = 0; t < inner; t++) {
            if (!(eigen.values()[t] > LEAST_VALUE * eigen.values()[0])) {
                continue;
            }
            values[t] = Math.sqrt(eigen.values()[t]);
            double[] u = new double[rows];
            double[] mixed = new double[inner];
            for (int i = 0; i < rows; i++) {
                for (int s = 0; s < inner; s++) {
                    u[i] += ofLeft[i * inner + s] * eigen.vectors()[t][s];
                }
                us[i * inner + t] = (float) u[i];
                for (int s = 0; s < inner; s++) {
                    mixed[s] += left[i * inner + s] * u[i];
                }
            }
            // (B A)^T U S is V S^2.
            for (int j = 0; j < columns; j++) {
                double sum = 0;
                for (int s = 0; s < inner; s++) {
                    sum += right[s * columns + j] * mixed[s];
                }
                sv[t * columns + j] = (float) (sum / values[t]);
            }
        }
        return new Scaled(us, sv, values);
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
