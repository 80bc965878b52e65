package io.weightspan.codec.family;

import io.weightspan.codec.entropy.FrequencyTable;
import io.weightspan.codec.entropy.TableSetBuilder;
import io.weightspan.codec.residual.CoefficientBlocks;
import io.weightspan.format.v1.TensorEntry;
import java.util.List;

/** How a tensor is coded by integers that its blocks hold. */
sealed interface NumbersPlan permits ModesPlan, LowRankPlan, ProductPlan, BalancedPlan {
    /** Counts of symbols, of every context one after the other. */
    int COUNTS = TableSetBuilder.CONTEXTS * FrequencyTable.SYMBOLS;

    /** About what a cell of a table takes, which other tensors share. */
    double BITS_PER_CELL = 3;

    /** The integers, in the order of the blocks. */
    int[] numbers();

    /** The context of an integer. */
    int context(int index);

    /**
     * Counts the integers' symbols by their contexts.
     *
     * @param counts {@link #COUNTS} of them, added to
     */
    default void count(long[] counts) {
        int[] all = numbers();
        for (int i = 0; i < all.length; i++) {
            counts[context(i) * FrequencyTable.SYMBOLS + CoefficientBlocks.symbol(all[i])]++;
        }
    }

    /** About how many bits the integers take, and the cells of a table that other tensors share. */
    default double bits() {
        long[] counts = new long[COUNTS];
        count(counts);
        return CoefficientBlocks.bits(counts, Integer.SIZE, BITS_PER_CELL);
    }

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
