package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.container.Limits;
import io.weightspan.codec.residual.BoundedBlocks;
import io.weightspan.codec.residual.CoefficientBlocks;
import io.weightspan.codec.residual.ElementScales;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Plans tensors within a bound: counts the steps of each element from its prediction, decodes that, and stores the bits
 * of whatever the bound does not hold for.
 *
 * <p>Holds scratch memory; one thread at a time.
 */
final class BoundedPlanner {
    private static final int CONTEXTS = 128;
    private static final int SYMBOLS = 256;
    /** The context of steps whose root mean square is 1; four contexts an octave. */
    private static final int MIDDLE_CONTEXT = 48;
    /** About what a row's or a column's scale takes once it is compressed. */
    private static final double BITS_PER_SCALE = 4;
    /** About what a cell of a frequency table takes. */
    private static final double BITS_PER_CELL = 4;
    /** Grids this much finer or coarser than the bound are thought of. */
    private static final int OCTAVES = 4;

    private final Scratch scratch = new Scratch();
    private final BoundedBlocks blocks = new BoundedBlocks();

    /**
     * A tensor to be coded.
     *
     * @param prediction a plan with the prediction that is used
     * @param elements its bytes
     * @param bound the largest error of an element
     */
    record Task(TensorPlan prediction, MemorySegment elements, double bound) {
        /** Bytes of an element. */
        int width() {
            return prediction.tensor().dtype().bits() / Byte.SIZE;
        }
    }

    /** Whether a tensor can be coded within a bound. */
    static boolean serves(TensorInfo tensor) {
        return tensor.dtype().isReal()
                && tensor.elementCount() > 0
                && tensor.elementCount() <= Limits.TURNED;
    }

    /**
     * Plans a tensor.
     *
     * @param out receives its elements as the record decodes them
     * @return the plan, or empty where the bound leaves no step
     */
    Optional<TensorPlan> plan(Task task, MemorySegment out) throws IOException {
        float most = (float) (2 * task.bound());
        if (!(most > 0 && most <= Float.MAX_VALUE)) {
            return Optional.empty();
        }
        int n = Math.toIntExact(task.prediction().tensor().elementCount());
        float step = step(task, most);
        int[] steps = new int[n];
        int width = task.width();
        for (int first = 0; first < n; first += BoundedBlocks.BLOCK) {
            int count = Math.min(BoundedBlocks.BLOCK, n - first);
            count(task, step, first, count, steps, first, out.asSlice((long) first * width, (long) count * width));
        }
        return Optional.of(smallest(task.prediction(), new BoundedPlan(step, steps)));
    }

    /**
     * The step that takes the fewest bits in a block from the tensor's middle: twice the bound, or one that the grid of
     * a narrow dtype suggests.
     *
     * <p>Where elements are multiples of u the error is one, too: at most k u for a bound of k u and less than u more.
     * Numbers of steps that put every sum within k u and half a u exist for steps up to (2 k + 1) u. Longer ones leave
     * elements that must be stored by their bits; shorter ones say more than was asked.
     */
    private float step(Task task, float most) throws IOException {
        DType dtype = task.prediction().tensor().dtype();
        if (dtype == DType.F32) {
            return most;
        }
        Set<Float> candidates = new LinkedHashSet<>(List.of(most));
        int exponent = Math.getExponent(task.bound());
        for (int e = exponent - OCTAVES; e <= exponent + OCTAVES; e++) {
            double u = Math.scalb(1.0, e);
            float step = (float) ((2 * Math.floor(task.bound() / u) + 1) * u);
            if (step > 0 && step <= Float.MAX_VALUE) {
                candidates.add(step);
            }
        }
        int n = Math.toIntExact(task.prediction().tensor().elementCount());
        int first = n / 2 / BoundedBlocks.BLOCK * BoundedBlocks.BLOCK;
        int count = Math.min(BoundedBlocks.BLOCK, n - first);
        int[] steps = new int[count];
        MemorySegment out = MemorySegment.ofArray(new byte[count * task.width()]);
        float best = most;
        double least = Double.POSITIVE_INFINITY;
        for (float candidate : candidates) {
            count(task, candidate, first, count, steps, 0, out);
            double bits = bits(dtype, ElementScales.uniform(MIDDLE_CONTEXT), steps);
            if (bits < least) {
                least = bits;
                best = candidate;
            }
        }
        return best;
    }

    /** Counts the steps of some elements, and makes what they decode to. */
    private void count(Task task, float step, int first, int n, int[] steps, int at, MemorySegment out)
            throws IOException {
        int width = task.width();
        MemorySegment own = task.elements().asSlice((long) first * width, (long) n * width);
        Center center = center(task.prediction().source(), first, n);
        Center elements = new Center(own, task.prediction().tensor().dtype());
        block(elements, center, step, task.bound(), steps, at, out);
    }

    private @Nullable Center center(@Nullable ElementSource source, int first, int count) throws IOException {
        if (source == null) {
            return null;
        }
        MemorySegment into = scratch.predicted((long) count * source.width());
        return new Center(source.read(first, into), source.tensor().dtype());
    }

    private static void block(
            Center own,
            @Nullable Center center,
            float step,
            double bound,
            int[] steps,
            int at,
            MemorySegment decoded) {
        int n = (int) (own.elements().byteSize() * Byte.SIZE / own.dtype().bits());
        float[] differences = new float[n];
        for (int i = 0; i < n; i++) {
            double d = ((double) own.value(i) - (center == null ? 0 : center.value(i))) / step;
            // NaN becomes 0 steps, which the check below does not let pass.
            steps[at + i] = (int) Math.rint(Math.clamp(d, -(1 << 29), 1 << 29));
            differences[i] = step * steps[at + i];
        }
        CentredElements.add(own.dtype(), center, differences, n, decoded);
        Center result = new Center(decoded, own.dtype());
        for (int i = 0; i < n; i++) {
            double error = Math.abs((double) own.value(i) - result.value(i));
            if (!(error <= bound)) {
                steps[at + i] = Integer.MIN_VALUE;
                long width = own.dtype().bits() / Byte.SIZE;
                MemorySegment.copy(own.elements(), i * width, decoded, i * width, width);
            }
        }
    }

    /** The plan with the scales that take the fewest bits. */
    private TensorPlan smallest(TensorPlan prediction, BoundedPlan bounded) {
        TensorInfo tensor = prediction.tensor();
        int[] steps = bounded.steps();
        ElementScales uniform = ElementScales.uniform(MIDDLE_CONTEXT);
        double least = bits(tensor.dtype(), uniform, steps);
        ElementScales best = uniform;
        if (ScaleFitter.hasLines(tensor)) {
            int columns = (int) tensor.columns(1);
            byte[] rows = sizes(steps, columns, true);
            byte[] lines = sizes(steps, columns, false);
            ElementScales[] variants = {
                new ElementScales(MIDDLE_CONTEXT, columns, rows, null),
                new ElementScales(MIDDLE_CONTEXT, columns, null, lines)
            };
            for (int v = 0; v < variants.length; v++) {
                double side = BITS_PER_SCALE * (v == 0 ? rows.length : lines.length);
                double bits = bits(tensor.dtype(), variants[v], steps) + side;
                if (bits < least) {
                    least = bits;
                    best = variants[v];
                }
            }
        }
        return prediction.within(best, bounded, least);
    }

    /** For each row or column the size of its steps, in quarters of an octave. */
    private static byte[] sizes(int[] steps, int columns, boolean ofRows) {
        int count = ofRows ? steps.length / columns : columns;
        double[] squares = new double[count];
        for (int i = 0; i < steps.length; i++) {
            double q = steps[i] == Integer.MIN_VALUE ? 0 : steps[i];
            squares[ofRows ? i / columns : i % columns] += q * q;
        }
        byte[] sizes = new byte[count];
        double each = (double) steps.length / count;
        for (int k = 0; k < count; k++) {
            double octaves = Math.log(Math.sqrt(squares[k] / each) + 0x1p-8) / Math.log(2);
            sizes[k] = (byte) Math.clamp(Math.round(2 * octaves) * 2, -MIDDLE_CONTEXT, CONTEXTS - 1 - MIDDLE_CONTEXT);
        }
        return sizes;
    }

    private double bits(DType dtype, ElementScales scales, int[] steps) {
        long[] counts = new long[CONTEXTS * SYMBOLS];
        for (int from = 0; from < steps.length; from += BoundedBlocks.BLOCK) {
            blocks.count(scales, steps, from, Math.min(BoundedBlocks.BLOCK, steps.length - from), counts);
        }
        return CoefficientBlocks.bits(counts, dtype.bits(), BITS_PER_CELL);
    }
}
