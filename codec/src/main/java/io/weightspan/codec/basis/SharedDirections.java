package io.weightspan.codec.basis;

import io.weightspan.codec.tensor.DType;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a family shares in one slot: directions of the columns' space and of the rows', largest first.
 *
 * @param name    the slot: the name of the tensors
 * @param rows    m
 * @param columns n
 * @param left    directions of length m, or null where that side is left as it is
 * @param right   directions of length n, or null where that side is left as it is
 * @param mean    what the members' differences were taken from where that is not a base, or null
 */
public record SharedDirections(
        String name, int rows, int columns, @Nullable Side left, @Nullable Side right, @Nullable Mean mean) {
    /**
     * Directions of differences from a base, or from nothing.
     *
     * @param name    the slot
     * @param rows    m
     * @param columns n
     * @param left    directions of length m, or null
     * @param right   directions of length n, or null
     */
    public SharedDirections(String name, int rows, int columns, @Nullable Side left, @Nullable Side right) {
        this(name, rows, columns, left, right, null);
    }

    /**
     * A mean of members, as it is stored.
     *
     * @param dtype F16 where the members are of that, else BF16
     * @param elements its elements, row by row
     */
    public record Mean(DType dtype, byte[] elements) {}

    /** A component is taken to be at least this large: a level needs a size. */
    private static final double LEAST_COMPONENT = 1e-4;

    /**
     * The axes themselves, with sizes.
     *
     * @param name    the slot
     * @param squares what each component's energy is, not all 0
     * @return right directions as long as there are components, none of them left out when they are written
     */
    static SharedDirections components(String name, double[] squares) {
        int r = squares.length;
        double mean = Arrays.stream(squares).sum() / r;
        double[][] axes = new double[r][r];
        double[] sizes = new double[r];
        for (int t = 0; t < r; t++) {
            axes[t][t] = 1;
            sizes[t] = Math.max(LEAST_COMPONENT, Math.sqrt(squares[t] / mean));
        }
        return new SharedDirections(name, 1, r, null, new Side(axes, sizes, true));
    }

    /**
     * Directions of one side.
     *
     * @param vectors    orthonormal, one a row
     * @param magnitudes for each the root mean square of the members' coefficients along it, over that of all elements
     * @param isWhole    whether none may be left out, however small
     */
    public record Side(double[][] vectors, double[] magnitudes, boolean isWhole) {
        /**
         * Directions of which small ones may be left out.
         *
         * @param vectors    orthonormal, one a row
         * @param magnitudes the size of each
         */
        public Side(double[][] vectors, double[] magnitudes) {
            this(vectors, magnitudes, false);
        }
    }
}
