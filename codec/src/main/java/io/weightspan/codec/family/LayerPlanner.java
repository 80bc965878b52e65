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
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Role;
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

    private final SafetensorsFile file;
    private final List<Reference> references;
    private final Optional<BasisReference> basis;
    private final double step;
    private final boolean areFewAside;
    private final boolean quantises;
    private final MixturePlanner mixtures;

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
     */
    LayerPlanner(
            SafetensorsFile file,
            List<Reference> references,
            Optional<BasisReference> basis,
            double step,
            boolean quantises)
            throws IOException {
        this.file = file;
        this.references = references;
        this.basis = basis;
        this.step = step;
        this.quantises = quantises || basis.isPresent();
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

    private static int matrixDims(TensorInfo tensor) {
        return tensor.shape().size() < 2 ? 0 : 1;
    }

    /**
     * A tensor's plan.
     *
     * @param plan the plan
     * @param error what it leaves out
     */
    record Planned(TensorPlan plan, LayerError error) {}

    /**
     * Plans a tensor.
     *
     * @param exact how the tensor is coded without a layer
     * @param out receives its elements as the layer decodes them
     * @return the plan, or empty for a tensor that numbers do not serve; {@code out} is untouched then
     */
    Optional<Planned> plan(TensorPlan exact, MemorySegment out) throws IOException {
        TensorInfo tensor = exact.tensor();
        if (!isReal(tensor.dtype()) || tensor.elementCount() == 0 || tensor.elementCount() > Limits.TURNED) {
            return Optional.empty();
        }
        Source source = source(tensor);
        Optional<Planned> found = source == null ? mixture(exact, out) : product(exact, source, out);
        return found.isPresent() || !quantises ? found : coefficients(exact, source, out);
    }

    /** A mixture of a sibling's rows or columns. */
    private Optional<Planned> mixture(TensorPlan exact, MemorySegment out) throws IOException {
        TensorInfo tensor = exact.tensor();
        Optional<ModesPlan> found = mixtures.plan(tensor);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        ModesPlan plan = found.get();
        int columns = (int) tensor.columns(1);
        int n = (int) tensor.elementCount();
        int k = plan.coefficients().length / plan.width();
        decode(tensor, matrix(plan, k, columns), null, out);
        Center own = new Center(file.tensor(file.tensors().indexOf(tensor)), tensor.dtype());
        double square = difference(own, null, n, new float[n]).orElse(0);
        LayerError error = LayerError.measure(own, new Center(out, tensor.dtype()), n, square);
        return Optional.of(new Planned(TensorPlan.numbers(tensor, exact.sha256(), null, 0, plan), error));
    }

    private static MatrixElements matrix(ModesPlan plan, int rows, int columns) {
        return new TurnedMatrix(
                plan.coefficients(),
                rows,
                columns,
                ModesPlan.directions(plan.left()),
                ModesPlan.directions(plan.right()),
                plan.step());
    }

    /** A product of thin matrices upon the base, where that takes fewer bits than what is known without a layer. */
    private Optional<Planned> product(TensorPlan exact, Source source, MemorySegment out) throws IOException {
        TensorInfo tensor = exact.tensor();
        if (!LowRankPlanner.serves(tensor)) {
            return Optional.empty();
        }
        Center own = new Center(file.tensor(file.tensors().indexOf(tensor)), tensor.dtype());
        Center from = center(source);
        Optional<LowRankPlanner.Found> found = LowRankPlanner.find(tensor, own, from);
        if (found.isEmpty() || found.get().bits() >= WORTH_FACTORS * exact.bits()) {
            return Optional.empty();
        }
        LowRankPlan plan = found.get().plan();
        decode(tensor, TurnedMatrix.ofFactors(plan.numbers(), plan.rows(), plan.columns(), plan.step()), from, out);
        int n = (int) tensor.elementCount();
        double square = difference(own, from, n, new float[n]).orElse(0);
        LayerError error = LayerError.measure(own, new Center(out, tensor.dtype()), n, square);
        return Optional.of(new Planned(
                TensorPlan.numbers(tensor, exact.sha256(), source.reference(), source.tensor(), plan), error));
    }

    private Optional<Planned> coefficients(TensorPlan exact, @Nullable Source source, MemorySegment out)
            throws IOException {
        TensorInfo tensor = exact.tensor();
        Digest sha256 = exact.sha256();
        int matrixDims = matrixDims(tensor);
        int rows = (int) tensor.rows(matrixDims);
        int columns = (int) tensor.columns(matrixDims);
        BasisReference.Side left = basis.isEmpty() ? null : basis.get().left(tensor.name(), rows).orElse(null);
        BasisReference.Side right = basis.isEmpty() ? null : basis.get().right(tensor.name(), columns).orElse(null);
        boolean isAside = left == null && right == null;
        if (source == null && isAside && !areFewAside) {
            return Optional.empty();
        }
        int n = rows * columns;
        Center own = new Center(file.tensor(file.tensors().indexOf(tensor)), tensor.dtype());
        Center from = source == null ? null : center(source);
        float[] d = new float[n];
        OptionalDouble square = difference(own, from, n, d);
        if (square.isEmpty()) {
            return Optional.empty();
        }
        double steps = !isAside || !areFewAside ? step : source == null ? STEP_ALONE : Math.min(step, STEP_ASIDE);
        float size = size(steps * Math.sqrt(square.getAsDouble() / n));
        int scale = Quantiser.MIDDLE_CONTEXT - (int) Math.round(4 * Math.log(steps) / Math.log(2));
        Directions leftAll = ModesPlan.directions(left);
        Directions rightAll = ModesPlan.directions(right);
        float[] coefficients = Projection.coefficients(d, rows, columns, leftAll, rightAll);
        int width = rightAll == null ? columns : rightAll.count();
        ModesPlan modes = quantise(coefficients, width, matrixDims, left, right, size, scale);
        int k = modes.left() == null ? rows : modes.left().directions().count();
        decode(tensor, matrix(modes, k, columns), from, out);
        LayerError error = LayerError.measure(own, new Center(out, tensor.dtype()), n, square.getAsDouble());
        TensorPlan plan = TensorPlan.numbers(
                tensor, sha256, source == null ? null : source.reference(), source == null ? 0 : source.tensor(),
                modes);
        return Optional.of(new Planned(plan, error));
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

    /** Whether elements are values that binary32 arithmetic can make. */
    static boolean isReal(DType dtype) {
        return dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16;
    }

    /** A tensor that differences are taken from. */
    private record Source(Reference reference, int tensor) {}

    private @Nullable Source source(TensorInfo tensor) {
        for (Reference reference : references) {
            int index = reference.role() == Role.ROLE_BASE ? TensorPlanner.find(reference.file(), tensor, true) : -1;
            if (index >= 0) {
                return new Source(reference, index);
            }
        }
        return null;
    }

    /** A step, or 1 where it would be no number above 0. */
    private static float size(double step) {
        float size = (float) step;
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

    private static Center center(Source source) throws IOException {
        TensorInfo tensor = source.reference().file().tensors().get(source.tensor());
        MemorySegment elements = Arena.ofAuto().allocate(Math.max(1, tensor.byteLength()), Float.BYTES);
        new ElementSource(source.reference().file(), tensor).read(0, elements.asSlice(0, tensor.byteLength()));
        return new Center(elements, tensor.dtype());
    }

    /** The sum of squares of the differences, or empty where one is not finite. */
    private static OptionalDouble difference(Center own, @Nullable Center from, int n, float[] d) {
        double square = 0;
        for (int i = 0; i < n; i++) {
            d[i] = own.value(i) - (from == null ? 0 : from.value(i));
            square += (double) d[i] * d[i];
        }
        return square <= Float.MAX_VALUE ? OptionalDouble.of(square) : OptionalDouble.empty();
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

    private static void decode(
            TensorInfo tensor, MatrixElements matrix, @Nullable Center from, MemorySegment out) {
        int n = (int) tensor.elementCount();
        float[] differences = new float[n];
        matrix.read(0, n, differences);
        CentredElements.add(tensor.dtype(), from, differences, n, out);
    }
}
