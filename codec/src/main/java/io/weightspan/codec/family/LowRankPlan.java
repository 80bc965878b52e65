package io.weightspan.codec.family;

import io.weightspan.format.v1.TensorEntry;
import java.util.List;

/**
 * How a tensor is coded by two thin matrices ({@code encodings/lowrank.md}).
 *
 * @param matrixDims leading dimensions that form the rows
 * @param rank columns of the left factor
 * @param rows rows of the matrix
 * @param columns columns of the matrix
 * @param step what a product of 1 is worth
 * @param numbers for each column of the left factor its numbers, then those of the right one's row
 */
record LowRankPlan(int matrixDims, int rank, int rows, int columns, float step, int[] numbers)
        implements
            NumbersPlan {
    private static final int LAST_CONTEXT = 126;

    /** The context of a number of factor pair k, on its left or right side. */
    static int context(int k, boolean left) {
        return Math.min(2 * k, LAST_CONTEXT) + (left ? 0 : 1);
    }

    @Override
    public int context(int index) {
        int each = rows + columns;
        return context(index / each, index % each < rows);
    }

    @Override
    public List<Reference> needs() {
        return List.of();
    }

    @Override
    public void describe(TensorEntry.Builder entry, List<Reference> used) {
        entry.setMatrixDims(matrixDims).setRank(rank).setStep(step);
    }
}
