package io.weightspan.codec.basis;

import org.jspecify.annotations.Nullable;

/**
 * What a family shares in one slot: directions of the columns' space and of the rows', largest first.
 *
 * @param name    the slot: the name of the tensors
 * @param rows    m
 * @param columns n
 * @param left    directions of length m, or null where that side is left as it is
 * @param right   directions of length n, or null where that side is left as it is
 */
public record SharedDirections(String name, int rows, int columns, @Nullable Side left, @Nullable Side right) {
    /**
     * Directions of one side.
     *
     * @param vectors    orthonormal, one a row
     * @param magnitudes for each the root mean square of the members' coefficients along it, over that of all elements
     */
    public record Side(double[][] vectors, double[] magnitudes) {}
}
