package io.weightspan.codec.family;

import io.weightspan.codec.basis.BalancedFactors;
import io.weightspan.codec.basis.CoreFactors;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.MatrixElements;
import io.weightspan.codec.basis.ProductFactor;
import io.weightspan.codec.basis.TurnedMatrix;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.MatrixShape;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.TensorCoding;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.residual.CoefficientBlocks;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Factor;
import io.weightspan.format.v1.Role;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the numbers that predict tensors and makes matrices of them; keeps what was made last, as the blocks of a
 * tensor share it. Thread-safe.
 */
final class PredictedMatrices {
    /** Bytes of matrices kept, but for the last one, which is kept whatever its size. */
    private static final long MOST_KEPT = 64L << 20;

    private final TensorCoding coding;
    private final OpenedDependencies dependencies;
    private final Map<Integer, MatrixElements> kept = new LinkedHashMap<>();

    /**
     * What tells a tensor's numbers.
     *
     * @param tensor which
     * @param tables the coding's tables
     * @param contexts tells of a tensor with blocks where, for each of 128 contexts, its table begins in the slots
     */
    record Numbers(int tensor, DecodingTables tables, IntFunction<int[]> contexts) {}

    /** Gives the context of a number by its index. */
    @FunctionalInterface
    private interface Contexts {
        int of(int index);
    }

    PredictedMatrices(TensorCoding coding, OpenedDependencies dependencies) {
        this.coding = coding;
        this.dependencies = dependencies;
    }

    /** The tensor whose blocks hold the numbers of a tensor: but for a product's second factor, itself. */
    static int holder(TensorCoding coding, int tensor) {
        return coding.predictor(tensor) == PredictorKind.PRODUCT
                ? Math.min(tensor, coding.entry(tensor).getPartner())
                : tensor;
    }

    /** The matrix of a tensor. */
    synchronized MatrixElements get(Numbers of) throws IOException {
        MatrixElements known = kept.remove(of.tensor());
        if (known == null) {
            known = make(of);
        }
        keep(of.tensor(), known);
        return known;
    }

    private void keep(int tensor, MatrixElements matrix) {
        kept.put(tensor, matrix);
        long bytesKept = kept.values().stream().mapToLong(MatrixElements::memory).sum();
        var eldest = kept.values().iterator();
        while (bytesKept > MOST_KEPT && kept.size() > 1) {
            bytesKept -= eldest.next().memory();
            eldest.remove();
        }
    }

    private MatrixElements make(Numbers of) throws IOException {
        TensorEntry entry = coding.entry(of.tensor());
        TensorInfo info = coding.tensors().get(of.tensor());
        if (coding.predictor(of.tensor()) == PredictorKind.PRODUCT) {
            return product(of);
        }
        if (coding.predictor(of.tensor()) == PredictorKind.BALANCED) {
            return balanced(of);
        }
        if (coding.predictor(of.tensor()) == PredictorKind.LOWRANK) {
            int rows = (int) info.rows(entry.getMatrixDims());
            int columns = (int) info.columns(entry.getMatrixDims());
            int each = Math.addExact(rows, columns);
            int[] numbers = decode(of, of.tensor(), Math.multiplyExact(entry.getRank(), each),
                    i -> LowRankPlan.context(i / each, i % each < rows));
            return TurnedMatrix.ofFactors(numbers, rows, columns, entry.getStep());
        }
        return turned(of, of.tensor());
    }

    /** A matrix by the directions and coefficients of its own entry. */
    private TurnedMatrix turned(Numbers of, int tensor) throws IOException {
        TensorEntry entry = coding.entry(tensor);
        MatrixShape shape = MatrixShape.of(entry, coding.tensors().get(tensor));
        Directions left = directions(tensor, true, entry, shape.rows());
        Directions right = directions(tensor, false, entry, shape.columns());
        int[] coefficients = coefficients(of, tensor, shape, left, right);
        return new TurnedMatrix(coefficients, Math.toIntExact(shape.left()), Math.toIntExact(shape.columns()), left,
                right, entry.getStep());
    }

    /** Both factors of a pair, of which the one that was asked for is returned and the other kept. */
    private MatrixElements balanced(Numbers of) throws IOException {
        Pair pair = pair(of.tensor());
        long rows = pair.left().rows(pair.leftDims());
        long inner = pair.left().columns(pair.leftDims());
        long columns = pair.right().columns(pair.rightDims());
        BalancedFactors factors = BalancedFactors.of(
                turned(of, pair.leftTensor()), rows, turned(of, pair.rightTensor()), columns, Math.toIntExact(inner));
        return keepOther(of, pair, factors.left(), factors.right());
    }

    /** The two tensors of a pair, each with its number and its {@code matrix_dims}. */
    private record Pair(
            int leftTensor, TensorInfo left, int leftDims, int rightTensor, TensorInfo right, int rightDims) {}

    private Pair pair(int tensor) {
        TensorEntry entry = coding.entry(tensor);
        boolean isLeft = entry.getFactor() == Factor.FACTOR_LEFT;
        int left = isLeft ? tensor : entry.getPartner();
        int right = isLeft ? entry.getPartner() : tensor;
        return new Pair(
                left,
                coding.tensors().get(left),
                coding.entry(left).getMatrixDims(),
                right,
                coding.tensors().get(right),
                coding.entry(right).getMatrixDims());
    }

    private MatrixElements keepOther(Numbers of, Pair pair, MatrixElements left, MatrixElements right) {
        boolean isLeft = of.tensor() == pair.leftTensor();
        keep(isLeft ? pair.rightTensor() : pair.leftTensor(), isLeft ? right : left);
        return isLeft ? left : right;
    }

    /** Both factors of a product, of which the one that was asked for is returned and the other kept. */
    private MatrixElements product(Numbers of) throws IOException {
        int holder = holder(coding, of.tensor());
        TensorEntry entry = coding.entry(holder);
        Pair pair = pair(holder);
        MatrixShape shape =
                MatrixShape.ofProduct(entry, pair.left(), pair.leftDims(), pair.right(), pair.rightDims());
        Directions left = directions(holder, true, entry, shape.rows());
        Directions right = directions(holder, false, entry, shape.columns());
        int[] coefficients = coefficients(of, holder, shape, left, right);
        CoreFactors core = CoreFactors.of(coefficients, Math.toIntExact(shape.left()),
                Math.toIntExact(shape.right()), Math.toIntExact(pair.left().columns(pair.leftDims())), entry.getStep());
        return keepOther(of, pair, new ProductFactor(core, left, true), new ProductFactor(core, right, false));
    }

    private @Nullable Directions directions(int tensor, boolean left, TensorEntry entry, long length)
            throws IOException {
        List<Directions> read = new ArrayList<>();
        for (io.weightspan.format.v1.Directions part : left ? entry.getLeftList() : entry.getRightList()) {
            DecodedFile file = dependencies.get(part.getDependency(), tensor);
            Optional<Directions> found = dependencies.role(part.getDependency()) == Role.ROLE_BASIS
                    ? Directions.read(file, part.getTensor(), part.getCount(), length)
                    : Directions.ofTensor(
                            file, part.getTensor(), entry.getMatrixDims(), left, part.getCount(), length);
            read.add(found.orElseThrow(() -> coding.error(
                    ErrorCode.WRONG_DEPENDENCY,
                    "basis " + dependencies.digest(part.getDependency()) + " has no " + part.getCount()
                            + " directions of length " + length + " in tensor " + part.getTensor(),
                    tensor,
                    -1,
                    null)));
        }
        return read.isEmpty() ? null : Directions.concatenate(read);
    }

    private int[] coefficients(
            Numbers of, int holder, MatrixShape shape, @Nullable Directions left, @Nullable Directions right)
            throws IOException {
        int width = Math.toIntExact(shape.right());
        int scale = coding.entry(holder).getScale();
        return decode(of, holder, Math.toIntExact(shape.coefficients()),
                i -> context(left, i / width, right, i % width, scale));
    }

    private int[] decode(Numbers of, int holder, int count, Contexts contexts) throws IOException {
        int[] numbers = new int[count];
        int[] tablesOf = of.contexts().apply(holder);
        int[] tableOffsets = new int[Math.min(count, CoefficientBlocks.BLOCK)];
        CoefficientBlocks blocks = new CoefficientBlocks();
        for (int from = 0, block = 0; from < count; from += CoefficientBlocks.BLOCK, block++) {
            int n = Math.min(CoefficientBlocks.BLOCK, count - from);
            for (int i = 0; i < n; i++) {
                tableOffsets[i] = tablesOf[contexts.of(from + i)];
            }
            try {
                blocks.decode(coding.block(holder, block), of.tables(), tableOffsets, n, numbers, from);
            } catch (ContainerException e) {
                throw e.in(coding.name(), coding.tensors().get(holder).name(), coding.blockOffset(holder, block));
            }
        }
        return numbers;
    }

    /** The context of a coefficient ({@code encodings/coefficients.md}). */
    static int context(@Nullable Directions left, int a, @Nullable Directions right, int b, int scale) {
        int level = (left == null ? 0 : left.levels()[a]) + (right == null ? 0 : right.levels()[b]) + scale;
        return Math.min(Math.max(level, 0), 127);
    }
}
