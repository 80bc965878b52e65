package io.weightspan.codec.basis;

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
        int k = left == null ? rows : left.count();
        float[] turned = left == null ? d : new float[k * columns];
        for (int a = 0; left != null && a < k; a++) {
            for (int i = 0; i < rows; i++) {
                add(left.values()[a * rows + i], d, i * columns, turned, a * columns, columns);
            }
        }
        if (right == null) {
            return turned;
        }
        int l = right.count();
        float[] transposed = transpose(right.values(), l, columns);
        float[] coefficients = new float[k * l];
        for (int a = 0; a < k; a++) {
            for (int j = 0; j < columns; j++) {
                add(turned[a * columns + j], transposed, j * l, coefficients, a * l, l);
            }
        }
        return coefficients;
    }

    private static void add(float factor, float[] from, int fromAt, float[] to, int toAt, int n) {
        for (int i = 0; i < n; i++) {
            to[toAt + i] += factor * from[fromAt + i];
        }
    }

    static float[] transpose(float[] values, int rows, int columns) {
        float[] transposed = new float[values.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                transposed[j * rows + i] = values[i * columns + j];
            }
        }
        return transposed;
    }
}
