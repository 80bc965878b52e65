package io.weightspan.codec.family;

import io.weightspan.format.v1.TensorEntry;
import java.util.List;

/** How a tensor is coded by integers that its blocks hold. */
sealed interface NumbersPlan permits ModesPlan, LowRankPlan, ProductPlan, BalancedPlan {
    /** The integers, in the order of the blocks. */
    int[] numbers();

    /** The context of an integer. */
    int context(int index);

    /** The files that the tensor needs besides its center. */
    List<Reference> needs();

    /**
     * Fills in what a reader must know.
     *
     * @param entry the tensor's
     * @param used the record's dependencies
     */
    void describe(TensorEntry.Builder entry, List<Reference> used);
}
