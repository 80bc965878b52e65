package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.MatrixElements;
import io.weightspan.codec.basis.Projection;
import io.weightspan.codec.basis.Quantiser;
import io.weightspan.codec.basis.TurnedMatrix;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.Limits;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Plans the first layer of a record: turns each tensor's difference from the base into the family's directions,
 * quantises it, and makes what that decodes to. Stateless; thread-safe.
 */
final class LayerPlanner {
    /** Biases, norms and heads that share no directions say much with few numbers: their steps are at most this. */
    private static final double STEP_ASIDE = 1.0;

    /** The step of those that nothing predicts, which are not differences but all there is. */
    private static final double STEP_ALONE = 1.0 / 16;

    /** They are few while they are at most this part of a file. */
    private static final double FEW = 0.05;

    /** A product of thin matrices must take fewer bits than this part of what a tensor takes without a layer. */
    private static final double WORTH_FACTORS = 0.9;

    private final List<Reference> references;
    private final Optional<BasisReference> basis;
    private final double step;
    private final boolean areFewAside;
    private final boolean quantises;
    private final boolean isAlone;
    private final MixturePlanner mixtures;
    private final LowRankSearch lowRank;

    /**
     * Prepares to plan.
     *
     * @param file the file
     * @param references what may predict it; the first base is the center
     * @param basis its directions, or empty: differences are quantised as they are
     * @param step what a quantised coefficient of 1 is worth, in units of the root mean square of the tensor's
     *      difference
     * @param quantises whether tensors without directions are quantised; else only products of thin matrices are looked
     *      for, unless there is a basis
     * @param isAlone   whether nothing is put upon the layer: products are then as coarse as its step, and stand only
     *      where error and bytes together are less than those of coefficients
     * @param lowRank looks for products in the file's tensors
     */
    LayerPlanner(
            SafetensorsFile file,
            List<Reference> references,
            Optional<BasisReference> basis,
            double step,
            boolean quantises,
            boolean isAlone,
            LowRankSearch lowRank)
            throws IOException {
        this.references = references;
        this.basis = basis;
        this.step = step;
        this.lowRank = lowRank;
        this.quantises = quantises || basis.isPresent();
        this.isAlone = isAlone;
        mixtures = new MixturePlanner(file, references);
        long all = 0;
        long aside = 0;
        for (TensorInfo tensor : file.tensors()) {
            all += tensor.elementCount();
            aside += isAside(tensor) ? tensor.elementCount() : 0;
        }
        areFewAside = aside <= FEW * all;
    }

    private boolean isAside(TensorInfo tensor) throws IOException {
        int dims = matrixDims(tensor);
        return basis.isEmpty()
                || basis.get().left(tensor.name(), tensor.rows(dims)).isEmpty()
                        && basis.get().right(tensor.name(), tensor.columns(dims)).isEmpty();
    }

    /** Of a tensor that has directions as long as itself all dimensions are columns. */
    private int matrixDims(TensorInfo tensor) throws IOException {
        boolean isFlat = tensor.shape().size() < 2
                || basis.isPresent() && basis.get().right(tensor.name(), tensor.elementCount()).isPresent();
        return isFlat ? 0 : 1;
    }

    /**
     * A tensor's plan.
     *
     * @param plan the plan
     * @param error what it leaves out
     */
    record Planned(TensorPlan plan, LayerError error) {
        /** The error in squares of a step, and the numbers' bits at what they are worth there. */
        private double cost(float size) {
            NumbersPlan numbers = plan.numbers();
            return error.error() / size / size + (numbers == null ? 0 : Quantiser.BIT * numbers.bits());
        }
    }

    /**
     * Plans a tensor.
     *
     * @param exact how the tensor is coded without a layer
     * @param elements its bytes
     * @param out receives its elements as the layer decodes them
     * @return the plan, or empty for a tensor that numbers do not serve; {@code out} is untouched then
     */
    Optional<Planned> plan(TensorPlan exact, MemorySegment elements, MemorySegment out) throws IOException {
        TensorInfo tensor = exact.tensor();
        if (!tensor.dtype().isReal() || tensor.elementCount() == 0 || tensor.elementCount() > Limits.TURNED) {
            return Optional.empty();
        }
        BaseTensor base = BaseTensor.of(tensor, references)
                .or(() -> basis.flatMap(directions -> directions.mean(tensor)))
                .orElse(null);
        Task task =
                new Task(exact, new Center(elements, tensor.dtype()), base, base == null ? null : center(base), out);
        if (task.base() == null || task.from() == null) {
            Optional<Planned> found = mixture(task);
            return found.isPresent() || !quantises ? found : coefficients(task);
        }
        Digest from = task.base().reference().fileSha256();
        if (isAlone) {
            return alone(task, from, task.from());
        }
        Optional<Planned> found = product(task, from, task.from());
        return found.isPresent() || !quantises ? found : coefficients(task);
    }

    /** Coefficients, or a product of thin matrices where its error and its bits together are less. */
    private Optional<Planned> alone(Task task, Digest base, Center from) throws IOException {
        Optional<Planned> coefficients = coefficients(task);
        Optional<LowRankPlanner.Found> found = LowRankPlanner.serves(task.tensor())
                ? lowRank.find(task.tensor(), task.own(), base, from)
                : Optional.empty();
        if (found.isEmpty()) {
            return coefficients;
        }
        double square = task.differences(new float[task.size()]).orElse(0);
        float size = size(step * Math.sqrt(square / task.size()));
        LowRankPlan plan = LowRankPlanner.coarser(found.get().plan(), size);
        Task apart = task.to(Arena.ofAuto().allocate(Math.max(1, task.out().byteSize()), Float.BYTES));
        Planned product = apart.finish(plan, matrix(plan), square);
        if (coefficients.isPresent() && coefficients.get().cost(size) <= product.cost(size)) {
            return coefficients;
        }
        MemorySegment.copy(apart.out(), 0, task.out(), 0, task.out().byteSize());
        return Optional.of(product);
    }

    private static MatrixElements matrix(LowRankPlan plan) {
        return TurnedMatrix.ofFactors(plan.numbers(), plan.rows(), plan.columns(), plan.step());
    }

    /**
     * A tensor to be planned.
     *
     * @param exact how it is coded without a layer
     * @param own its elements
     * @param base what it started from, or null
     * @param from the base's elements, or null
     * @param out receives its elements as the layer decodes them
     */
    private record Task(
            TensorPlan exact, Center own, @Nullable BaseTensor base, @Nullable Center from, MemorySegment out) {
        TensorInfo tensor() {
            return exact.tensor();
        }

        int size() {
            return (int) tensor().elementCount();
        }

        Task to(MemorySegment other) {
            return new Task(exact, own, base, from, other);
        }

        /** Makes the layer's elements, and what becomes of the tensor. */
        Planned finish(NumbersPlan numbers, MatrixElements matrix, double square) {
            float[] differences = new float[size()];
            matrix.read(0, size(), differences);
            CentredElements.add(tensor().dtype(), from, differences, size(), out);
            LayerError error = LayerError.measure(own, new Center(out, tensor().dtype()), size(), square);
            Reference reference = base == null ? null : base.reference();
            int index = base == null ? 0 : base.tensor();
            return new Planned(TensorPlan.numbers(tensor(), exact.sha256(), reference, index, numbers), error);
        }

        /** The sum of squares of the differences, or empty where one is not finite. */
        OptionalDouble differences(float[] d) {
            double square = 0;
            for (int i = 0; i < d.length; i++) {
                d[i] = own.value(i) - (from == null ? 0 : from.value(i));
                square += (double) d[i] * d[i];
            }
            return square <= Float.MAX_VALUE ? OptionalDouble.of(square) : OptionalDouble.empty();
        }
    }

    /** A mixture of a sibling's rows or columns. */
    private Optional<Planned> mixture(Task task) throws IOException {
        Optional<ModesPlan> found = mixtures.plan(task.tensor(), task.own());
        if (found.isEmpty()) {
            return Optional.empty();
        }
        ModesPlan plan = found.get();
        double square = task.differences(new float[task.size()]).orElse(0);
        return Optional.of(task.finish(plan, plan.matrix((int) task.tensor().columns(1)), square));
    }

    /** A product of thin matrices upon the base, where that takes fewer bits than what is known without a layer. */
    private Optional<Planned> product(Task task, Digest base, Center from) {
        if (!LowRankPlanner.serves(task.tensor())) {
            return Optional.empty();
        }
        Optional<LowRankPlanner.Found> found = lowRank.find(task.tensor(), task.own(), base, from);
        if (found.isEmpty() || found.get().bits() >= WORTH_FACTORS * task.exact().bits()) {
            return Optional.empty();
        }
        LowRankPlan plan = found.get().plan();
        double square = task.differences(new float[task.size()]).orElse(0);
        return Optional.of(task.finish(plan, matrix(plan), square));
    }

    private Optional<Planned> coefficients(Task task) throws IOException {
        TensorInfo tensor = task.tensor();
        int matrixDims = matrixDims(tensor);
        int rows = (int) tensor.rows(matrixDims);
        int columns = (int) tensor.columns(matrixDims);
        BasisReference.Side left = basis.isEmpty() ? null : basis.get().left(tensor.name(), rows).orElse(null);
        BasisReference.Side right = basis.isEmpty() ? null : basis.get().right(tensor.name(), columns).orElse(null);
        boolean isAside = left == null && right == null;
        if (task.base() == null && isAside && !areFewAside) {
            return Optional.empty();
        }
        float[] d = new float[task.size()];
        OptionalDouble square = task.differences(d);
        if (square.isEmpty()) {
            return Optional.empty();
        }
        double aside = task.base() == null ? STEP_ALONE : Math.min(step, STEP_ASIDE);
        double steps = isAside && areFewAside ? aside : step;
        float size = size(steps * Math.sqrt(square.getAsDouble() / d.length));
        Directions leftAll = ModesPlan.directions(left);
        Directions rightAll = ModesPlan.directions(right);
        float[] coefficients = Projection.coefficients(d, rows, columns, leftAll, rightAll);
        int width = rightAll == null ? columns : rightAll.count();
        ModesPlan modes =
                quantise(coefficients, width, matrixDims, left, right, size, Quantiser.scale(steps));
        return Optional.of(task.finish(modes, modes.matrix(columns), square.getAsDouble()));
    }

    /** Quantises coefficients, and keeps of them and of the directions those up to the last that is not zero. */
    static ModesPlan quantise(
            float[] coefficients,
            int width,
            int matrixDims,
            BasisReference.@Nullable Side left,
            BasisReference.@Nullable Side right,
            float size,
            int scale) {
        Directions leftAll = ModesPlan.directions(left);
        Directions rightAll = ModesPlan.directions(right);
        byte[] contexts = new byte[coefficients.length];
        for (int i = 0; i < contexts.length; i++) {
            contexts[i] = (byte) PredictedMatrices.context(leftAll, i / width, rightAll, i % width, scale);
        }
        int[] q = Quantiser.quantise(coefficients, size, contexts);
        BasisReference.Side leftUsed = left == null ? null : left.first(used(q, width, true));
        BasisReference.Side rightUsed = right == null ? null : right.first(used(q, width, false));
        int k = leftUsed == null ? coefficients.length / width : leftUsed.directions().count();
        int l = rightUsed == null ? width : rightUsed.directions().count();
        return new ModesPlan(matrixDims, leftUsed, rightUsed, size, scale, l, corner(q, width, k, l));
    }

    /** A step of 8 significant bits, as others take bytes and save none; or 1 where it would be no number above 0. */
    static float size(double step) {
        float size = Float.intBitsToFloat(Float.floatToRawIntBits((float) step) + 0x8000 & 0xFFFF_0000);
        return size > 0 && size <= Float.MAX_VALUE ? size : 1;
    }

    /** The first k rows and l columns. */
    private static int[] corner(int[] q, int width, int k, int l) {
        int[] kept = new int[k * l];
        for (int a = 0; a < k; a++) {
            System.arraycopy(q, a * width, kept, a * l, l);
        }
        return kept;
    }

    private static Center center(BaseTensor base) throws IOException {
        ElementSource source = base.source();
        TensorInfo tensor = source.tensor();
        MemorySegment elements = Arena.ofAuto().allocate(Math.max(1, tensor.byteLength()), Float.BYTES);
        source.read(0, elements.asSlice(0, tensor.byteLength()));
        return new Center(elements, tensor.dtype());
    }

    /** Rows or columns of coefficients up to the last that is not zero, at least 1. */
    private static int used(int[] q, int width, boolean ofRows) {
        int used = 1;
        for (int i = 0; i < q.length; i++) {
            if (q[i] != 0) {
                used = Math.max(used, (ofRows ? i / width : i % width) + 1);
            }
        }
        return used;
    }
}
