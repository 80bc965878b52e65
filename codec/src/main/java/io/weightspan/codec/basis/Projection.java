package io.weightspan.codec.basis;

import org.jspecify.annotations.Nullable;

/** Finds the coefficients of a difference in given directions. Stateless. */
public final class Projection {
    /** What is left of a coefficient above a whole number of steps counts as one more step from here on. */
    private static final double DEAD_ZONE = 0.6;

    private static final int MOST = 1 << 24;

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

    private static float[] transpose(float[] values, int rows, int columns) {
        float[] transposed = new float[values.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                transposed[j * rows + i] = values[i * columns + j];
            }
        }
        return transposed;
    }

    /**
     * Quantises coefficients, with a dead zone: what rounds down saves more bits than it costs in error.
     *
     * @param coefficients the coefficients
     * @param step what a quantised coefficient of 1 is worth, above 0
     * @return as many integers
     */
    public static int[] quantise(float[] coefficients, float step) {
        int[] quantised = new int[coefficients.length];
        for (int i = 0; i < quantised.length; i++) {
            double steps = Math.min(Math.abs(coefficients[i]) / (double) step, MOST);
            int q = (int) (steps + 1 - DEAD_ZONE);
            quantised[i] = coefficients[i] < 0 ? -q : q;
        }
        return quantised;
    }
}
