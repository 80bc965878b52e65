package io.weightspan.codec.family;

import io.weightspan.codec.basis.Directions;
import org.jspecify.annotations.Nullable;

/**
 * How a tensor is coded by coefficients.
 *
 * @param matrixDims leading dimensions that form the rows
 * @param basis the basis, or null where both sides are the identity
 * @param left directions of the left side, as many as are used, or null for the identity
 * @param leftTensor index of their tensor in the basis
 * @param right directions of the right side, or null for the identity
 * @param rightTensor index of their tensor in the basis
 * @param step what a coefficient of 1 is worth
 * @param scale added to the levels of a coefficient's directions to give its context
 * @param width l: coefficients in a row
 * @param coefficients q, row by row
 */
record ModesPlan(
        int matrixDims,
        @Nullable BasisReference basis,
        @Nullable Directions left,
        int leftTensor,
        @Nullable Directions right,
        int rightTensor,
        float step,
        int scale,
        int width,
        int[] coefficients) {
    /** The context of a coefficient. */
    int context(int index) {
        return TurnedMatrices.context(left, index / width, right, index % width, scale);
    }
}
