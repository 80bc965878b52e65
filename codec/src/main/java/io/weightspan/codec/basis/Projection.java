package io.weightspan.codec.basis;

import io.weightspan.codec.kernel.MatrixPanels;
import io.weightspan.codec.kernel.MatrixProduct;
import io.weightspan.codec.kernel.Strided;
import org.jspecify.annotations.Nullable;

/** Finds the coefficients of a difference in given directions. Stateless. */
public final class Projection {
    private Projection() {}

    /**
     * Turns a difference into directions: left^T D right.
     *
     * @param d       the difference, row by row
     * @param rows    m
     * @param columns n
     * @param left    directions of length m, about orthonormal, or null for the identity
     * @param right   directions of length n, about orthonormal, or null for the identity
     * @return k rows of l coefficients
     */
    public static float[] coefficients(
            float[] d, int rows, int columns, @Nullable Directions left, @Nullable Directions right) {
        MatrixProduct product = new MatrixProduct();
        int k = left == null ? rows : left.count();
        float[] turned = d;
        if (left != null) {
            turned = new float[Math.multiplyExact(k, columns)];
            product.add(
                    Strided.rows(left.values(), rows),
                    k,
                    MatrixPanels.of(Strided.rows(d, columns), rows, columns),
                    Strided.rows(turned, columns));
        }
        if (right == null) {
            return turned;
        }
        int l = right.count();
        float[] coefficients = new float[Math.multiplyExact(k, l)];
        product.add(
                Strided.rows(turned, columns),
                k,
                MatrixPanels.of(Strided.transposed(right.values(), columns), columns, l),
                Strided.rows(coefficients, l));
        return coefficients;
    }
}
