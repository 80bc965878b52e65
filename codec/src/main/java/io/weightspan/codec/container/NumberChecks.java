package io.weightspan.codec.container;

import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Directions;
import io.weightspan.format.v1.Factor;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.TensorEntry;
import java.util.List;

/**
 * The requirements on tensors that integers predict: predictors {@code modes}, {@code lowrank},
 * {@code product} and {@code balanced}.
 */
final class NumberChecks {
    private final Index index;
    private final List<TensorInfo> tensors;
    private final Front front;

    NumberChecks(Index index, List<TensorInfo> tensors, Front front) {
        this.index = index;
        this.tensors = tensors;
        this.front = front;
    }

    /** Whether a step is finite and above 0 (R-MOD-003, R-BND-002). */
    static boolean isStep(float step) {
        return step > 0 && step <= Float.MAX_VALUE;
    }

    /** Whether another tensor holds the numbers of this one (encodings/product.md). */
    static boolean isHeldElsewhere(int i, TensorEntry entry, PredictorKind predictor) {
        return predictor == PredictorKind.PRODUCT && Integer.compareUnsigned(entry.getPartner(), i) < 0;
    }

    /**
     * Checks R-MOD-002 to R-MOD-004, R-LRK-001 and R-LRK-002, R-PRO-001 and R-PRO-002, or R-BAL-001 and R-BAL-002, but
     * for the limits.
     *
     * @param i         the tensor's index
     * @param predictor its predictor, one of these
     * @throws ContainerException {@code MALFORMED_INDEX}
     */
    void check(int i, PredictorKind predictor) throws ContainerException {
        TensorEntry entry = index.getTensors(i);
        TensorInfo info = tensors.get(i);
        if (predictor.isOfPair()) {
            pair(i, predictor);
        }
        if (predictor == PredictorKind.PRODUCT) {
            core(i);
            return;
        }
        if (entry.getCentred() && predictor != PredictorKind.BALANCED) {
            dependency(entry.getDependency(), info);
        }
        if (predictor.hasDirections()) {
            directions(entry.getLeftList(), info);
            directions(entry.getRightList(), info);
        }
        matrixDims(entry, info);
        require(isStep(entry.getStep()), "a bad step", info);
        require(predictor != PredictorKind.LOWRANK || entry.getRank() != 0, "a rank of 0", info);
    }

    /**
     * Checks R-LIM-015, R-LIM-017 and R-LIM-019.
     *
     * @param i         the index of a tensor that {@link #check} lets pass
     * @param predictor its predictor
     * @return how many numbers the tensor's blocks hold
     * @throws ContainerException {@code LIMIT_EXCEEDED}
     */
    long count(int i, PredictorKind predictor) throws ContainerException {
        TensorEntry entry = index.getTensors(i);
        TensorInfo info = tensors.get(i);
        if (predictor == PredictorKind.LOWRANK) {
            long rank = Integer.toUnsignedLong(entry.getRank());
            long rows = info.rows(entry.getMatrixDims());
            long columns = info.columns(entry.getMatrixDims());
            limit(MatrixShape.saturated(rank, Math.max(rows, columns)), Limits.TURNED, "numbers of a factor");
            return rank * (rows + columns);
        }
        if (predictor != PredictorKind.PRODUCT) {
            MatrixShape matrix = MatrixShape.of(entry, info);
            limit(matrix.turned(), Limits.TURNED, "elements of a turned matrix");
            limit(matrix.coefficients(), Limits.TURNED, "coefficients");
            if (predictor == PredictorKind.BALANCED) {
                limit(pair(i).inner(), Limits.INNER, "columns of a left factor");
            }
            return matrix.coefficients();
        }
        if (isHeldElsewhere(i, entry, predictor)) {
            return 0;
        }
        Pair pair = pair(i);
        MatrixShape core =
                MatrixShape.ofProduct(entry, pair.left(), pair.leftDims(), pair.right(), pair.rightDims());
        limit(core.coefficients(), Limits.CORE, "coefficients of a core");
        limit(MatrixShape.saturated(core.left(), pair.inner()), Limits.CORE, "elements of a core's factor");
        limit(MatrixShape.saturated(core.right(), pair.inner()), Limits.CORE, "elements of a core's factor");
        limit(MatrixShape.saturated(core.coefficients(), pair.inner()), Limits.TURNED, "products of a core");
        return core.coefficients();
    }

    private static void limit(long value, long limit, String what) throws ContainerException {
        FrontChecks.limit(value, limit, what);
    }

    /** The two factors of a product. */
    private record Pair(TensorInfo left, int leftDims, TensorInfo right, int rightDims) {
        long inner() {
            return left.columns(leftDims);
        }
    }

    private Pair pair(int i) {
        TensorEntry entry = index.getTensors(i);
        int other = entry.getPartner();
        boolean isLeft = entry.getFactor() == Factor.FACTOR_LEFT;
        int left = isLeft ? i : other;
        int right = isLeft ? other : i;
        return new Pair(
                tensors.get(left),
                index.getTensors(left).getMatrixDims(),
                tensors.get(right),
                index.getTensors(right).getMatrixDims());
    }

    /** R-PRO-001 or R-BAL-001. */
    private void pair(int i, PredictorKind predictor) throws ContainerException {
        TensorEntry entry = index.getTensors(i);
        TensorInfo info = tensors.get(i);
        int other = entry.getPartner();
        require(Integer.compareUnsigned(other, tensors.size()) < 0 && other != i, "partner out of range", info);
        TensorEntry partner = index.getTensors(other);
        boolean isLeft = entry.getFactor() == Factor.FACTOR_LEFT;
        Factor opposite = isLeft ? Factor.FACTOR_RIGHT : Factor.FACTOR_LEFT;
        require((isLeft || entry.getFactor() == Factor.FACTOR_RIGHT) && partner.getFactor() == opposite
                && partner.getPredictor() == predictor.id() && partner.getPartner() == i,
                "the partner is not the other factor", info);
        matrixDims(entry, info);
        matrixDims(partner, tensors.get(other));
        Pair pair = pair(i);
        require(pair.inner() == pair.right().rows(pair.rightDims()), "the factors do not fit together", info);
    }

    /** R-PRO-002. */
    private void core(int i) throws ContainerException {
        TensorEntry entry = index.getTensors(i);
        TensorInfo info = tensors.get(i);
        if (!isHeldElsewhere(i, entry, PredictorKind.PRODUCT)) {
            TensorEntry partner = index.getTensors(entry.getPartner());
            require(isStep(entry.getStep()), "a bad step", info);
            require(partner.getLeftCount() == 0 && partner.getRightCount() == 0
                    && partner.getBlockLengthsCount() == 0, "directions or blocks beside the core", info);
            directions(entry.getLeftList(), info);
            directions(entry.getRightList(), info);
        }
    }

    private static void matrixDims(TensorEntry entry, TensorInfo info) throws ContainerException {
        require(Integer.compareUnsigned(entry.getMatrixDims(), info.shape().size()) <= 0, "matrix_dims out of range",
                info);
        require(info.elementCount() > 0, "numbers of a tensor without elements", info);
    }

    private void dependency(int dependency, TensorInfo info) throws ContainerException {
        require(Integer.compareUnsigned(dependency, front.getDependenciesCount()) < 0, "dependency out of range", info);
    }

    private void directions(List<Directions> list, TensorInfo info) throws ContainerException {
        for (Directions directions : list) {
            dependency(directions.getDependency(), info);
            require(directions.getCount() != 0, "directions of no number", info);
        }
    }

    private static void require(boolean condition, String otherwise, TensorInfo info) throws ContainerException {
        if (!condition) {
            throw new ContainerException(ErrorCode.MALFORMED_INDEX, otherwise, null, info.name(), -1, null);
        }
    }
}
