package io.weightspan.codec.family;

import io.weightspan.format.v1.Factor;
import io.weightspan.format.v1.TensorEntry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a factor of a product is coded ({@code encodings/product.md}).
 *
 * @param isLeft whether it is the left factor
 * @param partner index of the other tensor of the pair
 * @param core the core, of the tensor that holds it, else null; its {@code matrixDims} is the tensor's own
 * @param matrixDims leading dimensions that form the rows of the tensor
 */
record ProductPlan(boolean isLeft, int partner, @Nullable ModesPlan core, int matrixDims) implements NumbersPlan {
    @Override
    public int[] numbers() {
        return core == null ? new int[0] : core.coefficients();
    }

    @Override
    public int context(int index) {
        return core == null ? 0 : core.context(index);
    }

    @Override
    public List<Reference> needs() {
        return core == null ? List.of() : core.needs();
    }

    @Override
    public void describe(TensorEntry.Builder entry, List<Reference> used) {
        if (core != null) {
            core.describe(entry, used);
        }
        entry.setMatrixDims(matrixDims)
                .setFactor(isLeft ? Factor.FACTOR_LEFT : Factor.FACTOR_RIGHT)
                .setPartner(partner);
    }
}
