package io.weightspan.codec.family;

import io.weightspan.format.v1.Factor;
import io.weightspan.format.v1.TensorEntry;
import java.util.List;

/**
 * How a factor of a product is coded by coefficients of its own ({@code encodings/balanced.md}).
 *
 * @param isLeft whether it is the left factor
 * @param partner index of the other tensor of the pair
 * @param own its coefficients, of singular vectors as long as the singular values are
 */
record BalancedPlan(boolean isLeft, int partner, ModesPlan own) implements NumbersPlan {
    @Override
    public int[] numbers() {
        return own.numbers();
    }

    @Override
    public int context(int index) {
        return own.context(index);
    }

    @Override
    public List<Reference> needs() {
        return own.needs();
    }

    @Override
    public void describe(TensorEntry.Builder entry, List<Reference> used) {
        own.describe(entry, used);
        entry.setFactor(isLeft ? Factor.FACTOR_LEFT : Factor.FACTOR_RIGHT).setPartner(partner);
    }
}
