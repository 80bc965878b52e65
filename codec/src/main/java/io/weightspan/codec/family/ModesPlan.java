package io.weightspan.codec.family;

import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.TurnedMatrix;
import io.weightspan.format.v1.TensorEntry;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a tensor is coded by coefficients.
 *
 * @param matrixDims leading dimensions that form the rows
 * @param left directions of the left side, as many as are used, or null for the identity
 * @param right directions of the right side, or null for the identity
 * @param step what a coefficient of 1 is worth
 * @param scale added to the levels of a coefficient's directions to give its context
 * @param width l: coefficients in a row
 * @param coefficients q, row by row
 */
record ModesPlan(
        int matrixDims,
        BasisReference.@Nullable Side left,
        BasisReference.@Nullable Side right,
        float step,
        int scale,
        int width,
        int[] coefficients)
        implements
            NumbersPlan {
    @Override
    public int[] numbers() {
        return coefficients;
    }

    @Override
    public int context(int index) {
        return PredictedMatrices.context(directions(left), index / width, directions(right), index % width, scale);
    }

    /**
     * Makes the matrix.
     *
     * @param columns n
     */
    TurnedMatrix matrix(int columns) {
        return new TurnedMatrix(
                coefficients, coefficients.length / width, columns, directions(left), directions(right), step);
    }

    static @Nullable Directions directions(BasisReference.@Nullable Side side) {
        return side == null ? null : side.directions();
    }

    @Override
    public List<Reference> needs() {
        List<Reference> needed = new ArrayList<>();
        for (BasisReference.Side side : sides()) {
            side.parts().forEach(part -> needed.add(part.reference()));
        }
        return needed;
    }

    private List<BasisReference.Side> sides() {
        List<BasisReference.Side> sides = new ArrayList<>();
        if (left != null) {
            sides.add(left);
        }
        if (right != null) {
            sides.add(right);
        }
        return sides;
    }

    @Override
    public void describe(TensorEntry.Builder entry, List<Reference> used) {
        entry.setScale(scale).setMatrixDims(matrixDims).setStep(step);
        if (left != null) {
            left.parts().forEach(part -> entry.addLeft(describe(part, used)));
        }
        if (right != null) {
            right.parts().forEach(part -> entry.addRight(describe(part, used)));
        }
    }

    private static io.weightspan.format.v1.Directions describe(BasisReference.Part part, List<Reference> used) {
        return io.weightspan.format.v1.Directions.newBuilder()
                .setDependency(used.indexOf(part.reference()))
                .setTensor(part.tensor())
                .setCount(part.count())
                .build();
    }
}
