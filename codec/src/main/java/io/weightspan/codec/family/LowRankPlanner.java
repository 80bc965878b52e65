package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.basis.LowRankFitter;
import io.weightspan.codec.basis.Quantiser;
import io.weightspan.codec.basis.ThinProduct;
import io.weightspan.codec.basis.TurnedMatrix;
import io.weightspan.codec.residual.CellContexts;
import io.weightspan.codec.residual.CoefficientBlocks;
import io.weightspan.codec.residual.ElementScales;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.residual.FloatFormat;
import io.weightspan.codec.residual.FloatSymbolizer;
import io.weightspan.codec.residual.SymbolCounts;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether a tensor is its base and a product of two thin matrices, rounded, and quantises these so that they
 * and what they leave take the fewest bits. For one thread.
 */
final class LowRankPlanner {
    /** A shorter side is no thicker than factors are. */
    private static final int SHORTEST_SIDE = 12;
    /** The factors' error in units of the tensor's own rounding; the best of these is taken. */
    private static final double[] ERRORS = {0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4};
    /** Numbers this large no longer fit a symbol. */
    private static final double LARGEST = 1 << 28;
    /** Sums of products with larger differences might leave the range of binary32. */
    private static final double LARGEST_DIFFERENCE = 1e30;

    /** Elements of a tensor that tell what the residual takes. */
    private static final int SAMPLE = 1 << 18;

    private static final int SYMBOLS = 256;

    /** How much coarser numbers are than those that were tried before. */
    private static final double COARSER = Math.sqrt(2);
    /** After so many that are worse none is better. */
    private static final int WORSE = 2;

    private LowRankPlanner() {}

    /**
     * A quantised product.
     *
     * @param plan the factors
     * @param bits about what they and the residual upon them take
     */
    record Found(LowRankPlan plan, double bits) {}

    /** Whether a tensor may be such a product, as far as its kind and shape tell. */
    static boolean serves(TensorInfo tensor) {
        return tensor.dtype().isReal()
                && tensor.shape().size() >= 2
                && tensor.elementCount() <= 1 << 26
                && Math.min(tensor.rows(1), tensor.columns(1)) >= SHORTEST_SIDE;
    }

    /**
     * Looks for a product.
     *
     * @param tensor which, one that {@link #serves} lets pass
     * @param own its elements
     * @param from those of its base
     * @return the product, or empty where there is none
     */
    static Optional<Found> find(TensorInfo tensor, Center own, Center from) {
        int rows = (int) tensor.rows(1);
        int columns = (int) tensor.columns(1);
        float[] low = new float[rows * columns];
        float[] high = new float[low.length];
        double inverse = 0;
        for (int i = 0; i < low.length; i++) {
            float value = own.value(i);
            double d = (double) value - from.value(i);
            // The base's element may be what is not finite.
            if (!(Math.abs(d) < LARGEST_DIFFERENCE && Math.abs(value) < Float.MAX_VALUE / 2)) {
                return Optional.empty();
            }
            float width = spacing(value, tensor.dtype());
            low[i] = (float) (d - width / 2);
            high[i] = (float) (d + width / 2);
            inverse += 1 / width;
        }
        LowRankFitter fitter = new LowRankFitter(rows, columns, low, high);
        int rank = fitter.rank();
        if (rank == 0) {
            return Optional.empty();
        }
        LowRankFitter.Factors factors = fitter.fit(rank);
        double spacing = low.length / inverse;
        Found best = null;
        for (double error : ERRORS) {
            Found found = quantise(factors, rows, columns, error * spacing);
            if (found == null) {
                continue;
            }
            double bits = found.bits() + residualBits(found.plan(), own, from, tensor.dtype());
            if (best == null || bits < best.bits()) {
                best = new Found(found.plan(), bits);
            }
        }
        return Optional.ofNullable(best);
    }

    /**
     * The same product by coarser numbers, as error and bytes together are least where the numbers of a step of some
     * size are worth their bits.
     *
     * @param plan the product, as near as it is known
     * @param size the step, of an element
     * @return the coarser product, or the same
     */
    static LowRankPlan coarser(LowRankPlan plan, float size) {
        ThinProduct whole = product(plan);
        double square = whole.dot(whole);
        LowRankPlan best = plan;
        double least = Quantiser.BIT * plan.bits();
        int worse = 0;
        for (double by = COARSER; worse < WORSE && by * by * plan.step() <= Float.MAX_VALUE; by *= COARSER) {
            LowRankPlan other = coarser(plan, by);
            ThinProduct rounded = product(other);
            double error = square - 2 * whole.dot(rounded) + rounded.dot(rounded);
            double cost = error / size / size + Quantiser.BIT * other.bits();
            worse = cost < least ? 0 : worse + 1;
            if (cost < least) {
                best = other;
                least = cost;
            }
        }
        return best;
    }

    private static LowRankPlan coarser(LowRankPlan plan, double by) {
        int[] numbers = new int[plan.numbers().length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (int) Math.rint(plan.numbers()[i] / by);
        }
        float step = (float) (plan.step() * by * by);
        return new LowRankPlan(plan.matrixDims(), plan.rank(), plan.rows(), plan.columns(), step, numbers);
    }

    private static ThinProduct product(LowRankPlan plan) {
        int rank = plan.rank();
        int each = plan.rows() + plan.columns();
        float[] left = new float[plan.rows() * rank];
        float[] right = new float[rank * plan.columns()];
        for (int k = 0; k < rank; k++) {
            for (int i = 0; i < plan.rows(); i++) {
                left[i * rank + k] = plan.numbers()[k * each + i] * plan.step();
            }
            for (int j = 0; j < plan.columns(); j++) {
                right[k * plan.columns() + j] = plan.numbers()[k * each + plan.rows() + j];
            }
        }
        return new ThinProduct(left, right, plan.rows(), rank, plan.columns());
    }

    /** The distance between neighbours of a value in its dtype. */
    private static float spacing(float value, DType dtype) {
        int coarser =
                switch (dtype) {
                    case BF16 -> 1 << 16;
                    case F16 -> 1 << 13;
                    default -> 1;
                };
        float least = dtype == DType.F16 ? 0x1p-24f : Float.MIN_NORMAL;
        return Math.max(least, Math.ulp(value) * coarser);
    }

    /**
     * Rounds both factors to one step, for products whose error has some deviation; the bits are the factors'.
     *
     * @return null where the step is no binary32 above 0
     */
    private static @Nullable Found quantise(LowRankFitter.Factors factors, int rows, int columns, double error) {
        double sum = 0;
        double largest = 0;
        for (int k = 0; k < factors.rank(); k++) {
            for (double x : factors.left()[k]) {
                sum += x * x;
                largest = Math.max(largest, Math.abs(x));
            }
            for (double x : factors.right()[k]) {
                largest = Math.max(largest, Math.abs(x));
            }
        }
        // An error e of a number of either factor is multiplied by the other's, whose squares sum to sum / length.
        double unit = error * Math.sqrt(12 / (sum * (1.0 / rows + 1.0 / columns)));
        unit = Math.max(unit, largest / LARGEST);
        float step = (float) (unit * unit);
        if (!(step > 0 && step <= Float.MAX_VALUE)) {
            return null;
        }
        double exactUnit = Math.sqrt(step);
        int each = rows + columns;
        int[] numbers = new int[factors.rank() * each];
        for (int k = 0; k < factors.rank(); k++) {
            for (int i = 0; i < rows; i++) {
                numbers[k * each + i] = (int) Math.rint(factors.left()[k][i] / exactUnit);
            }
            for (int j = 0; j < columns; j++) {
                numbers[k * each + rows + j] = (int) Math.rint(factors.right()[k][j] / exactUnit);
            }
        }
        LowRankPlan plan = new LowRankPlan(1, factors.rank(), rows, columns, step, numbers);
        return new Found(plan, bits(plan));
    }

    private static double bits(LowRankPlan plan) {
        long[] counts = new long[NumbersPlan.COUNTS];
        plan.count(counts);
        return CoefficientBlocks.bits(counts, Integer.SIZE, 0);
    }

    /** About what it takes to tell which elements differ from the rounded product, and by how much. */
    private static double residualBits(LowRankPlan plan, Center own, Center from, DType dtype) {
        int n = plan.rows() * plan.columns();
        TurnedMatrix product =
                TurnedMatrix.ofFactors(plan.numbers(), plan.rows(), plan.columns(), plan.step());
        return dtype == DType.F32 ? wholeBits(product, own, from, n) : cellBits(product, own, from, n);
    }

    /** Of elements that are not rounded: no cells tell which differ. */
    private static double wholeBits(TurnedMatrix product, Center own, Center from, int n) {
        float[] differences = new float[n];
        product.read(0, n, differences);
        long[] counts = new long[SYMBOLS];
        for (int i = 0; i < n; i++) {
            double value = own.value(i);
            double steps = (value - from.value(i) - differences[i]) / spacing((float) value, DType.F32);
            int q = (int) Math.rint(Math.clamp(steps, -1 << 20, 1 << 20));
            counts[CoefficientBlocks.symbol(q)]++;
        }
        return CoefficientBlocks.bits(counts, Integer.SIZE, 0);
    }

    /** With the residual {@code cells}, on a sample of a large tensor. */
    private static double cellBits(TurnedMatrix product, Center own, Center from, int n) {
        List<RunSampler.Run> sample = RunSampler.sample(n, SAMPLE);
        List<CellRun> runs = new ArrayList<>();
        for (RunSampler.Run run : sample) {
            runs.add(CellRun.of(product, own, from, run));
        }
        int start = runs.stream().mapToInt(CellRun::start).max().orElse(0);
        FloatFormat format = new FloatFormat(own.dtype(), 0);
        FloatSymbolizer symbolizer = FloatSymbolizer.create(own.dtype());
        SymbolCounts counts = new SymbolCounts();
        double bits = CellScale.best(start, scale -> {
            counts.clear();
            for (CellRun run : runs) {
                symbolizer.delta(format, ElementScales.uniform(scale), run.elements(), run.prediction(), 0);
                counts.add(symbolizer, run.n());
            }
            return counts.bits(format, true);
        }).bits();
        return bits * n / RunSampler.total(sample);
    }

    /**
     * Some elements and what the product predicts.
     *
     * @param elements the elements
     * @param prediction theirs
     * @param start a scale to begin with
     * @param n how many
     */
    private record CellRun(MemorySegment elements, Prediction prediction, int start, int n) {
        static CellRun of(TurnedMatrix product, Center own, Center from, RunSampler.Run run) {
            int n = run.n();
            DType dtype = own.dtype();
            Center center = new Center(slice(from, run), from.dtype());
            MemorySegment elements = slice(own, run);
            MemorySegment predicted = MemorySegment.ofArray(new short[n]);
            float[] sums = new float[n];
            product.read(run.first(), n, sums);
            CentredElements.add(dtype, center, sums, n, predicted);
            CentredElements.sum(center, sums, n);
            float[] values = new float[n];
            for (int i = 0; i < n; i++) {
                values[i] = own.value(run.first() + i);
            }
            int start = CellContexts.scale(dtype, sums, values, n);
            return new CellRun(elements, new Prediction(predicted, dtype, sums), start, n);
        }

        private static MemorySegment slice(Center center, RunSampler.Run run) {
            long width = center.dtype().bits() / Byte.SIZE;
            return center.elements().asSlice(run.first() * width, run.n() * width);
        }
    }
}
