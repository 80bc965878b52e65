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
 * @param modes of coefficients, else null
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
        @Nullable ModesPlan modes) {
    static TensorPlan bytes(TensorInfo tensor, Digest sha256) {
        return new TensorPlan(
                tensor, sha256, PredictorKind.NONE, null, 0, null, ResidualKind.BYTES, null, null, 0, null);
    }

    static TensorPlan self(TensorInfo tensor, Digest sha256, int sourceTensor) {
        return new TensorPlan(
                tensor, sha256, PredictorKind.SELF, null, sourceTensor, null, ResidualKind.EQUAL, null, null, 0, null);
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
                null);
    }

    /** The tensor as the first layer decodes it, bit for bit. */
    static TensorPlan layer(TensorInfo tensor, Digest sha256) {
        return new TensorPlan(
                tensor, sha256, PredictorKind.LAYER, null, 0, null, ResidualKind.EQUAL, null, null, 0, null);
    }

    /** Coefficients, added to a tensor of {@code center} or, where that is null, to nothing. */
    static TensorPlan modes(
            TensorInfo tensor,
            Digest sha256,
            @Nullable Reference center,
            int sourceTensor,
            ModesPlan modes) {
        return new TensorPlan(
                tensor,
                sha256,
                PredictorKind.MODES,
                center,
                sourceTensor,
                null,
                ResidualKind.COEFFICIENTS,
                null,
                null,
                0,
                modes);
    }
}
