package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.Projection;
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
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Plans the first layer of a record: turns each tensor's difference from the base into the family's directions,
 * quantises it, and makes what that decodes to.
 *
 * <p>Stateless but for the error it gathers; one thread at a time.
 */
final class LayerPlanner {
    /** The context of a coefficient as large as a step, of directions of middling size. */
    private static final int MIDDLE_CONTEXT = 64;

    private final SafetensorsFile file;
    private final List<Reference> references;
    private final Optional<BasisReference> basis;
    private final double step;
    private double error;
    private double difference;
    private double maxError;

    /**
     * Prepares to plan.
     *
     * @param file the file
     * @param references what may predict it; the first base is the center
     * @param basis its directions, or empty: differences are quantised as they are
     * @param step what a quantised coefficient of 1 is worth, in units of the root mean square of the tensor's
     *      difference
     */
    LayerPlanner(SafetensorsFile file, List<Reference> references, Optional<BasisReference> basis, double step) {
        this.file = file;
        this.references = references;
        this.basis = basis;
        this.step = step;
    }

    /** The Frobenius norm of what the planned coefficients leave out, over that of the differences. */
    double relativeError() {
        return difference == 0 ? 0 : Math.sqrt(error / difference);
    }

    /** The largest element that the planned coefficients leave out. */
    double maxAbsError() {
        return maxError;
    }

    /**
     * Plans a tensor.
     *
     * @param tensor which
     * @param sha256 of its bytes
     * @param out receives its elements as the layer decodes them
     * @return the plan, or empty for a tensor that coefficients do not serve; {@code out} is untouched then
     */
    Optional<TensorPlan> plan(TensorInfo tensor, Digest sha256, MemorySegment out) throws IOException {
        boolean isFloat = tensor.dtype() == DType.F32 || tensor.dtype() == DType.F16 || tensor.dtype() == DType.BF16;
        if (!isFloat || tensor.elementCount() == 0 || tensor.elementCount() > Limits.TURNED) {
            return Optional.empty();
        }
        Source source = source(tensor);
        int matrixDims = tensor.shape().size() < 2 ? 0 : 1;
        int rows = (int) tensor.rows(matrixDims);
        int columns = (int) tensor.columns(matrixDims);
        BasisReference.Side left = basis.isEmpty() ? null : basis.get().left(tensor.name(), rows).orElse(null);
        BasisReference.Side right = basis.isEmpty() ? null : basis.get().right(tensor.name(), columns).orElse(null);
        if (source == null && left == null && right == null) {
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
        float size = size(square.getAsDouble() / n);
        Directions leftAll = left == null ? null : left.directions();
        Directions rightAll = right == null ? null : right.directions();
        int[] q = Projection.quantise(Projection.coefficients(d, rows, columns, leftAll, rightAll), size);
        int allRight = rightAll == null ? columns : rightAll.count();
        Directions leftUsed = leftAll == null ? null : first(leftAll, used(q, allRight, true));
        Directions rightUsed = rightAll == null ? null : first(rightAll, used(q, allRight, false));
        int k = leftUsed == null ? rows : leftUsed.count();
        int l = rightUsed == null ? columns : rightUsed.count();
        int[] kept = corner(q, allRight, k, l);
        decode(tensor, new TurnedMatrix(kept, k, columns, leftUsed, rightUsed, size), from, out);
        measure(own, new Center(out, tensor.dtype()), n, square.getAsDouble());
        ModesPlan modes = new ModesPlan(
                matrixDims,
                left == null && right == null ? null : basis.orElse(null),
                leftUsed,
                left == null ? 0 : left.tensor(),
                rightUsed,
                right == null ? 0 : right.tensor(),
                size,
                MIDDLE_CONTEXT - (int) Math.round(4 * Math.log(step) / Math.log(2)),
                l,
                kept);
        return Optional.of(TensorPlan.modes(
                tensor, sha256, source == null ? null : source.reference(), source == null ? 0 : source.tensor(),
                modes));
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

    /** What a coefficient of 1 is worth, given the mean square of the differences. */
    private float size(double meanSquare) {
        float size = (float) (step * Math.sqrt(meanSquare));
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

    private static Directions first(Directions all, int count) {
        int length = all.length();
        return new Directions(
                count,
                length,
                Arrays.copyOf(all.values(), count * length),
                Arrays.copyOf(all.levels(), count));
    }

    private static void decode(TensorInfo tensor, TurnedMatrix matrix, @Nullable Center from, MemorySegment out) {
        int n = (int) tensor.elementCount();
        float[] differences = new float[n];
        matrix.differences(0, n, differences);
        CentredElements.add(tensor.dtype(), from, differences, n, out);
    }

    private void measure(Center own, Center decoded, int n, double square) {
        for (int i = 0; i < n; i++) {
            double e = Math.abs((double) own.value(i) - decoded.value(i));
            // Where the sum overflows the decoded element is the center's: its error counts if it can be told.
            if (e <= Double.MAX_VALUE) {
                error += e * e;
                maxError = Math.max(maxError, e);
            }
        }
        difference += square;
    }
}
