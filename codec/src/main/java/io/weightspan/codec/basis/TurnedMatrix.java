package io.weightspan.codec.basis;

import io.weightspan.codec.kernel.Kernels;
import io.weightspan.codec.kernel.MatrixKernel;
import io.weightspan.codec.kernel.MatrixPanels;
import io.weightspan.codec.kernel.MatrixProduct;
import io.weightspan.codec.kernel.Strided;
import java.util.Arrays;
import java.util.stream.IntStream;
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
    /** t(a, j) row by row, where nothing is on its left; else empty. */
    private final float[] turned;
    /** What is on the left of t, or null for the identity. */
    private final @Nullable Left left;

    /**
     * Left directions and the rows of t that they turn, of which an element counts.
     *
     * @param directions the directions' values, one column each
     * @param rows       the rows of t
     */
    private record Left(Strided directions, MatrixPanels rows) {
        /** The directions' elements from a row of the matrix on. */
        Strided from(int row) {
            return new Strided(directions.values(), row, directions.rowStep(), directions.columnStep());
        }
    }

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
        this(rows, columns, left, right, step, coefficients.length / Math.max(1, rows), i -> coefficients[i]);
    }

    /** Gives coefficients by their index. */
    @FunctionalInterface
    private interface Coefficients {
        float at(int index);
    }

    private TurnedMatrix(
            int rows,
            int columns,
            @Nullable Directions left,
            @Nullable Directions right,
            float step,
            int width,
            Coefficients coefficients) {
        this.columns = columns;
        this.step = step;
        Rows terms = new Rows(width, columns, right);
        if (left == null) {
            turned = new float[Math.multiplyExact(rows, columns)];
            for (int a = 0; a < rows; a++) {
                terms.take(a * width, coefficients);
                terms.add(turned, a * columns);
            }
            this.left = null;
            return;
        }
        turned = new float[0];
        int[] counted = IntStream.range(0, rows).filter(a -> terms.take(a * width, coefficients)).toArray();
        MatrixPanels panels = new MatrixPanels(counted.length, columns);
        float[] row = new float[columns];
        for (int c = 0; c < counted.length; c++) {
            Arrays.fill(row, 0);
            terms.take(counted[c] * width, coefficients);
            terms.add(row, 0);
            panels.setRow(c, row);
        }
        this.left = new Left(Strided.transposed(some(left, counted), left.length()), panels);
    }

    /** The directions of some rows. */
    private static float[] some(Directions left, int[] rows) {
        int length = left.length();
        if (rows.length == left.count()) {
            return left.values();
        }
        float[] values = new float[rows.length * length];
        for (int c = 0; c < rows.length; c++) {
            System.arraycopy(left.values(), rows[c] * length, values, c * length, length);
        }
        return values;
    }

    /** Turns one row of coefficients after the other. */
    private static final class Rows {
        private final int width;
        private final int columns;
        private final @Nullable Directions right;
        private final float[] factors;
        private final int[] places;
        private int count;

        Rows(int width, int columns, @Nullable Directions right) {
            this.width = width;
            this.columns = columns;
            this.right = right;
            factors = new float[width];
            places = new int[width];
        }

        /** Takes the next row, but for its zeros; whether anything is left. */
        boolean take(int at, Coefficients coefficients) {
            count = 0;
            for (int b = 0; b < width; b++) {
                float q = coefficients.at(at + b);
                if (q != 0) {
                    factors[count] = q;
                    places[count++] = right == null ? b : b * columns;
                }
            }
            return count > 0;
        }

        /** Adds what it becomes to zeros. */
        void add(float[] out, int at) {
            if (right != null) {
                Kernels.matrices().combine(factors, places, count, right.values(), out, at, columns);
                return;
            }
            for (int i = 0; i < count; i++) {
                out[at + places[i]] = factors[i];
            }
        }
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
        int width = coefficients.length / Math.max(1, rows);
        return new TurnedMatrix(rows, columns, left, right, 1, width, i -> coefficients[i]);
    }

    @Override
    public long memory() {
        return (long) turned.length * Float.BYTES + (left == null ? 0 : left.rows().memory());
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
        if (left == null) {
            System.arraycopy(turned, (int) first, out, 0, n);
        } else {
            Arrays.fill(out, 0, n, 0);
            sum(left, first, n, out);
        }
        for (int i = 0; i < n; i++) {
            out[i] = step * out[i];
        }
    }

    private void sum(Left of, long first, int n, float[] out) {
        MatrixProduct product = new MatrixProduct();
        int row = (int) (first / columns);
        int column = (int) (first % columns);
        for (int at = 0; at < n;) {
            int run = Math.min(columns - column, n - at);
            int whole = run == columns ? (n - at) / columns : 0;
            if (whole > 0) {
                product.add(of.from(row), whole, of.rows(), new Strided(out, at, columns, 1));
                run = whole * columns;
            } else {
                int begin = column - column % MatrixKernel.TILE_COLUMNS;
                float[] some = new float[Math.ceilDiv(column + run - begin, MatrixKernel.TILE_COLUMNS)
                        * MatrixKernel.TILE_COLUMNS];
                product.add(of.from(row), 1, of.rows(), column, column + run, new Strided(some, -begin, columns, 1));
                System.arraycopy(some, column - begin, out, at, run);
            }
            at += run;
            row += Math.max(1, whole);
            column = 0;
        }
    }
}
