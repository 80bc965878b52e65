package io.weightspan.codec.family;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.residual.ElementScales;
import io.weightspan.codec.residual.FloatFormat;
import io.weightspan.codec.tensor.TensorInfo;
import org.jspecify.annotations.Nullable;

/**
 * How one tensor will be coded.
 *
 * @param tensor the tensor
 * @param sha256 of its bytes
 * @param predictor what predicts it
 * @param reference whose tensor predicts it, or null
 * @param sourceTensor index of the predicting tensor in its file
 * @param source the predicting tensor, or null
 * @param residual how the difference is coded
 * @param format of float residuals, else null
 * @param scales of float residuals, else null
 * @param rowDims leading dimensions that form the rows of {@code scales}
 * @param numbers of a prediction by integers, else null
 * @param bounded of bounded residuals, else null
 * @param bits about what the blocks of a float residual take, else 0
 */
record TensorPlan(
        TensorInfo tensor,
        Digest sha256,
        PredictorKind predictor,
        @Nullable Reference reference,
        int sourceTensor,
        @Nullable ElementSource source,
        ResidualKind residual,
        @Nullable FloatFormat format,
        @Nullable ElementScales scales,
        int rowDims,
        @Nullable NumbersPlan numbers,
        @Nullable BoundedPlan bounded,
        double bits) {
    static TensorPlan bytes(TensorInfo tensor, Digest sha256) {
        return new TensorPlan(
                tensor, sha256, PredictorKind.NONE, null, 0, null, ResidualKind.BYTES, null, null, 0, null, null, 0);
    }

    static TensorPlan self(TensorInfo tensor, Digest sha256, int sourceTensor) {
        return new TensorPlan(
                tensor,
                sha256,
                PredictorKind.SELF,
                null,
                sourceTensor,
                null,
                ResidualKind.EQUAL,
                null,
                null,
                0,
                null,
                null,
                0);
    }

    static TensorPlan equal(
            TensorInfo tensor, Digest sha256, Reference reference, int sourceTensor, ElementSource source) {
        return new TensorPlan(
                tensor,
                sha256,
                reference.predictor(),
                reference,
                sourceTensor,
                source,
                ResidualKind.EQUAL,
                null,
                null,
                0,
                null,
                null,
                0);
    }

    /** The tensor as the first layer decodes it, bit for bit. */
    static TensorPlan layer(TensorInfo tensor, Digest sha256) {
        return new TensorPlan(
                tensor, sha256, PredictorKind.LAYER, null, 0, null, ResidualKind.EQUAL, null, null, 0, null, null, 0);
    }

    /** Integers, whose prediction is added to a tensor of {@code center} or, where that is null, to nothing. */
    static TensorPlan numbers(
            TensorInfo tensor,
            Digest sha256,
            @Nullable Reference center,
            int sourceTensor,
            NumbersPlan numbers) {
        PredictorKind predictor = switch (numbers) {
            case ModesPlan modes -> PredictorKind.MODES;
            case LowRankPlan lowRank -> PredictorKind.LOWRANK;
            case ProductPlan product -> PredictorKind.PRODUCT;
            case BalancedPlan balanced -> PredictorKind.BALANCED;
        };
        return new TensorPlan(
                tensor,
                sha256,
                predictor,
                center,
                sourceTensor,
                null,
                numbers instanceof LowRankPlan ? ResidualKind.FACTORS : ResidualKind.COEFFICIENTS,
                null,
                null,
                0,
                numbers,
                null,
                0);
    }

    /** A prediction by a tensor of a reference, or by nothing where that is null; to be refined by {@link #within}. */
    static TensorPlan predicted(
            TensorInfo tensor,
            Digest sha256,
            @Nullable Reference reference,
            int sourceTensor,
            @Nullable ElementSource source) {
        return new TensorPlan(
                tensor,
                sha256,
                reference == null ? PredictorKind.NONE : reference.predictor(),
                reference,
                sourceTensor,
                source,
                ResidualKind.BYTES,
                null,
                null,
                0,
                null,
                null,
                0);
    }

    /** The same prediction as this plan's, with a bounded residual. */
    TensorPlan within(ElementScales newScales, BoundedPlan bound, double newBits) {
        return new TensorPlan(
                tensor,
                sha256,
                predictor,
                reference,
                sourceTensor,
                source,
                ResidualKind.BOUNDED,
                new FloatFormat(tensor.dtype(), 0),
                newScales,
                newScales.isUniform() ? 0 : 1,
                null,
                bound,
                newBits);
    }

    /** The same for a tensor of other bytes, which is what an approximation decodes to. */
    TensorPlan of(Digest decoded) {
        return new TensorPlan(
                tensor,
                decoded,
                predictor,
                reference,
                sourceTensor,
                source,
                residual,
                format,
                scales,
                rowDims,
                numbers,
                bounded,
                bits);
    }
}
