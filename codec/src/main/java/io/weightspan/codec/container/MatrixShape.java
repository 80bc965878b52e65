package io.weightspan.codec.container;

import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Directions;
import io.weightspan.format.v1.TensorEntry;
import java.util.List;

/**
 * A tensor as a matrix, and how many directions turn each side ({@code encodings/modes.md}).
 *
 * @param rows    m, at least 0
 * @param columns n, at least 0
 * @param left    k: left directions, or m where the left side is the identity
 * @param right   l: right directions, or n where the right side is the identity
 */
public record MatrixShape(long rows, long columns, long left, long right) {
    /**
     * The shape that an entry gives a tensor.
     *
     * @param entry an entry of the predictor {@code modes}; its {@code matrix_dims} is in range
     * @param info  the tensor
     * @return the shape
     */
    public static MatrixShape of(TensorEntry entry, TensorInfo info) {
        long rows = info.rows(entry.getMatrixDims());
        long columns = info.columns(entry.getMatrixDims());
        return new MatrixShape(rows, columns, count(entry.getLeftList(), rows), count(entry.getRightList(), columns));
    }

    /**
     * The shape of a product of two tensors.
     *
     * @param holder the entry that holds the core
     * @param left   the tensor that is the left factor; its entry's {@code matrix_dims} is in range
     * @param leftDims that {@code matrix_dims}
     * @param right  the right factor, likewise
     * @param rightDims its {@code matrix_dims}
     * @return the shape
     */
    public static MatrixShape ofProduct(TensorEntry holder, TensorInfo left, int leftDims, TensorInfo right,
            int rightDims) {
        long rows = left.rows(leftDims);
        long columns = right.columns(rightDims);
        return new MatrixShape(rows, columns, count(holder.getLeftList(), rows),
                count(holder.getRightList(), columns));
    }

    private static long count(List<Directions> directions, long identity) {
        long count = 0;
        for (Directions some : directions) {
            count += Integer.toUnsignedLong(some.getCount());
        }
        return directions.isEmpty() ? identity : count;
    }

    /**
     * Coefficients of the tensor.
     *
     * @return k times l; the largest long where that is more
     */
    public long coefficients() {
        return saturated(left, right);
    }

    /**
     * Elements of the matrix once its rows are turned.
     *
     * @return k times n; the largest long where that is more
     */
    public long turned() {
        return saturated(left, columns);
    }

    static long saturated(long a, long b) {
        long high = Math.multiplyHigh(a, b);
        long low = a * b;
        return high != 0 || low < 0 ? Long.MAX_VALUE : low;
    }
}
