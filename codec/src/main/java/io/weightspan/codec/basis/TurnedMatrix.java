package io.weightspan.codec.basis;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The difference of a matrix from its center, out of coefficients and directions ({@code encodings/modes.md}).
 *
 * <p>Sums run in ascending order over the directions, products and sums each rounded; vectors run across elements, so
 * that every machine gets the same bits. Immutable after it is made; thread-safe.
 */
public final class TurnedMatrix implements MatrixElements {
    private final int columns;
    private final float step;
    private final @Nullable Directions left;
    /** t(a, j), row by row. */
    private final float[] turned;
    /** For each row of t whether any element of it counts. */
    private final boolean[] counts;

    /**
     * Turns the rows.
     *
     * @param coefficients q(a, b), row by row
     * @param rows         k: left directions, or rows of the matrix
     * @param columns      n
     * @param left         directions of the left side, or null for the identity
     * @param right        directions of the right side, or null for the identity
     * @param step         what a coefficient of 1 is worth
     */
    public TurnedMatrix(int[] coefficients, int rows, int columns, @Nullable Directions left,
            @Nullable Directions right, float step) {
        this(rows, columns, left, step);
        int width = coefficients.length / Math.max(1, rows);
        for (int a = 0; a < rows; a++) {
            for (int b = 0; b < width; b++) {
                addTerm(a, b, coefficients[a * width + b], right);
            }
        }
    }

    private TurnedMatrix(int rows, int columns, @Nullable Directions left, float step) {
        this.columns = columns;
        this.step = step;
        this.left = left;
        turned = new float[Math.multiplyExact(rows, columns)];
        counts = new boolean[rows];
    }

    /**
     * Turns the rows of coefficients that are no integers: the sums are those of {@code encodings/modes.md} with
     * these for q, and a step of 1.
     *
     * @param coefficients C(a, b), row by row, finite
     * @param rows         k: left directions, or rows of the matrix
     * @param columns      n
     * @param left         directions of the left side, or null for the identity
     * @param right        directions of the right side, or null for the identity
     * @return the matrix
     */
    public static TurnedMatrix ofReals(float[] coefficients, int rows, int columns, @Nullable Directions left,
            @Nullable Directions right) {
        TurnedMatrix matrix = new TurnedMatrix(rows, columns, left, 1);
        int width = coefficients.length / Math.max(1, rows);
        for (int a = 0; a < rows; a++) {
            for (int b = 0; b < width; b++) {
                matrix.addTerm(a, b, coefficients[a * width + b], right);
            }
        }
        return matrix;
    }

    private void addTerm(int a, int b, float q, @Nullable Directions right) {
        if (q != 0) {
            counts[a] = true;
            if (right == null) {
                turned[a * columns + b] = q;
            } else {
                add(q, right.values(), b * columns, turned, a * columns, columns);
            }
        }
    }

    /** Adds a multiple of a run of values: one rounding for each product and each sum. */
    private static void add(float factor, float[] from, int fromAt, float[] to, int toAt, int n) {
        for (int i = 0; i < n; i++) {
            to[toAt + i] += factor * from[fromAt + i];
        }
    }

    @Override
    public long memory() {
        return (long) turned.length * Float.BYTES + counts.length;
    }

    /**
     * Makes the matrix of two factors ({@code encodings/lowrank.md}).
     *
     * @param numbers for each column of the left factor first its m numbers, then the n numbers of the right one's row
     * @param rows    m
     * @param columns n
     * @param step    what a product of 1 is worth
     * @return the matrix
     */
    public static TurnedMatrix ofFactors(int[] numbers, int rows, int columns, float step) {
        int rank = numbers.length / (rows + columns);
        float[] left = new float[rank * rows];
        int[] right = new int[rank * columns];
        for (int k = 0; k < rank; k++) {
            int at = k * (rows + columns);
            for (int i = 0; i < rows; i++) {
                left[k * rows + i] = numbers[at + i];
            }
            System.arraycopy(numbers, at + rows, right, k * columns, columns);
        }
        Directions directions = new Directions(rank, rows, left, new byte[rank]);
        return new TurnedMatrix(right, rank, columns, directions, null, step);
    }

    /** {@inheritDoc} They are those of {@code step * d}. */
    @Override
    public void read(long first, int n, float[] out) {
        int row = (int) (first / columns);
        int column = (int) (first % columns);
        for (int at = 0; at < n;) {
            int run = Math.min(columns - column, n - at);
            row(row, column, run, out, at);
            at += run;
            row++;
            column = 0;
        }
        for (int i = 0; i < n; i++) {
            out[i] = step * out[i];
        }
    }

    private void row(int row, int column, int run, float[] out, int at) {
        if (left == null) {
            System.arraycopy(turned, row * columns + column, out, at, run);
            return;
        }
        Arrays.fill(out, at, at + run, 0);
        for (int a = 0; a < counts.length; a++) {
            if (counts[a]) {
                add(left.values()[a * left.length() + row], turned, a * columns + column, out, at, run);
            }
        }
    }
}
