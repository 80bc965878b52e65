package io.weightspan.codec.family;

import io.weightspan.codec.basis.BalancedFactors;
import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.basis.CoreFactors;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.FactorPair;
import io.weightspan.codec.basis.MatrixElements;
import io.weightspan.codec.basis.ProductFactor;
import io.weightspan.codec.basis.Projection;
import io.weightspan.codec.basis.Quantiser;
import io.weightspan.codec.basis.ThinProduct;
import io.weightspan.codec.container.Limits;
import io.weightspan.codec.residual.CoefficientBlocks;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Plans pairs of factors by their product: by its core in the family's directions, by both factors in these, or by both
 * as they are, whichever makes error and bytes together smallest. What is decoded has the same product, about, by other
 * factors, and what counts as its error is the product's. Stateless; thread-safe.
 */
final class ProductPlanner {
    private final SafetensorsFile file;
    private final Optional<BasisReference> basis;
    private final double step;

    /**
     * Prepares to plan.
     *
     * @param file the file
     * @param basis its directions, if it has any
     * @param step what a coefficient of 1 is worth, in units of the root mean square of a product's elements
     */
    ProductPlanner(SafetensorsFile file, Optional<BasisReference> basis, double step) {
        this.file = file;
        this.basis = basis;
        this.step = step;
    }

    /**
     * Plans all pairs.
     *
     * @param plain how each tensor is coded without a layer
     * @param decoded receives what the pairs decode to
     * @return the plans by tensor
     */
    Map<Integer, LayerPlanner.Planned> plan(List<TensorPlan> plain, LayerFile decoded) throws IOException {
        Map<Integer, LayerPlanner.Planned> plans = new HashMap<>();
        for (FactorPair pair : FactorPair.of(file.tensors())) {
            plan(pair, plain, decoded, plans);
        }
        return plans;
    }

    /**
     * A pair to be planned.
     *
     * @param pair its tensors
     * @param left the left one
     * @param right the right one
     * @param product of both
     * @param square the sum of the squares of the product's elements
     * @param unit what a coefficient of 1 is worth
     */
    private record Task(
            FactorPair pair, TensorInfo left, TensorInfo right, ThinProduct product, double square, float unit) {}

    /**
     * A way to code a pair.
     *
     * @param ofLeft of the left factor
     * @param ofRight of the right one
     * @param left decodes to the left factor
     * @param right decodes to the right one
     */
    private record Way(NumbersPlan ofLeft, NumbersPlan ofRight, MatrixElements left, MatrixElements right) {
        /** About what the numbers take. */
        double bits() {
            long[] counts = new long[NumbersPlan.COUNTS];
            ofLeft.count(counts);
            ofRight.count(counts);
            return CoefficientBlocks.bits(counts, Integer.SIZE, NumbersPlan.BITS_PER_CELL);
        }
    }

    private void plan(
            FactorPair pair, List<TensorPlan> plain, LayerFile decoded, Map<Integer, LayerPlanner.Planned> plans)
            throws IOException {
        Optional<Task> found = task(pair);
        if (found.isEmpty()) {
            return;
        }
        Task task = found.get();
        MemorySegment leftOut = decoded.tensor(task.left());
        MemorySegment rightOut = decoded.tensor(task.right());
        Way best = null;
        double least = Double.POSITIVE_INFINITY;
        LayerError error = LayerError.NONE;
        for (Way way : ways(task)) {
            decode(task.left(), way.left(), leftOut);
            decode(task.right(), way.right(), rightOut);
            ThinProduct.Distance distance = task.product().distance(product(
                    new Center(leftOut, task.left().dtype()),
                    new Center(rightOut, task.right().dtype()),
                    task.left(),
                    task.right()));
            double cost = distance.square() / task.unit() / task.unit() + Quantiser.BIT * way.bits();
            if (best == null || cost < least) {
                best = way;
                least = cost;
                error = new LayerError(distance.square(), task.square(), distance.most());
            }
        }
        if (best == null) {
            return;
        }
        decode(task.left(), best.left(), leftOut);
        decode(task.right(), best.right(), rightOut);
        plans.put(pair.left(), planned(task.left(), plain.get(pair.left()), best.ofLeft(), error));
        plans.put(pair.right(), planned(task.right(), plain.get(pair.right()), best.ofRight(), LayerError.NONE));
    }

    private static LayerPlanner.Planned planned(
            TensorInfo tensor, TensorPlan plain, NumbersPlan numbers, LayerError error) {
        return new LayerPlanner.Planned(TensorPlan.numbers(tensor, plain.sha256(), null, 0, numbers), error);
    }

    private Optional<Task> task(FactorPair pair) throws IOException {
        TensorInfo left = file.tensors().get(pair.left());
        TensorInfo right = file.tensors().get(pair.right());
        ThinProduct product = product(
                new Center(file.tensor(pair.left()), left.dtype()),
                new Center(file.tensor(pair.right()), right.dtype()),
                left,
                right);
        double square = product.dot(product);
        double size = step * Math.sqrt(square / product.rows() / product.columns());
        return size > 0 && size <= Float.MAX_VALUE
                ? Optional.of(new Task(pair, left, right, product, square, LayerPlanner.size(size)))
                : Optional.empty();
    }

    private List<Way> ways(Task task) throws IOException {
        List<Way> ways = new ArrayList<>();
        String slot = task.pair().slot() + BasisFitter.PRODUCT;
        Optional<BasisReference.Side> left = side(slot, true, task.left().rows(1));
        Optional<BasisReference.Side> right = side(slot, false, task.right().columns(1));
        if (left.isPresent() && right.isPresent()) {
            core(task, left.get(), right.get()).ifPresent(ways::add);
        }
        Optional<ThinProduct.Scaled> scaled = task.product().inner() > Limits.INNER
                ? Optional.empty()
                : task.product().scaled();
        if (scaled.isPresent()) {
            Optional<BasisReference.Side> components =
                    side(slot + BasisFitter.COMPONENTS, false, task.product().inner());
            factors(task, scaled.get(), null, null, components.orElse(null)).ifPresent(ways::add);
            if (left.isPresent() || right.isPresent()) {
                factors(task, scaled.get(), left.orElse(null), right.orElse(null), components.orElse(null))
                        .ifPresent(ways::add);
            }
        }
        return ways;
    }

    private Optional<BasisReference.Side> side(String slot, boolean isLeft, long length) throws IOException {
        if (basis.isEmpty()) {
            return Optional.empty();
        }
        return isLeft ? basis.get().left(slot, length) : basis.get().right(slot, length);
    }

    private Optional<Way> core(Task task, BasisReference.Side left, BasisReference.Side right) {
        Directions u = left.directions();
        Directions v = right.directions();
        int inner = task.product().inner();
        long widest = Math.max(u.count(), v.count());
        boolean fits = (long) u.count() * v.count() <= Limits.CORE
                && widest * inner <= Limits.CORE
                && (long) u.count() * v.count() * inner <= Limits.TURNED;
        if (!fits) {
            return Optional.empty();
        }
        ModesPlan core = LayerPlanner.quantise(
                task.product().coefficients(u, v), v.count(), 1, left, right, task.unit(), Quantiser.scale(step));
        CoreFactors factors = CoreFactors.of(
                core.coefficients(),
                core.coefficients().length / core.width(),
                core.width(),
                inner,
                task.unit());
        FactorPair pair = task.pair();
        boolean leftHolds = pair.left() < pair.right();
        return Optional.of(new Way(
                new ProductPlan(true, pair.right(), leftHolds ? core : null, 1),
                new ProductPlan(false, pair.left(), leftHolds ? null : core, 1),
                new ProductFactor(factors, ModesPlan.directions(core.left()), true),
                new ProductFactor(factors, ModesPlan.directions(core.right()), false)));
    }

    /** Both factors, each turned on its own. */
    private Optional<Way> factors(
            Task task,
            ThinProduct.Scaled scaled,
            BasisReference.@Nullable Side left,
            BasisReference.@Nullable Side right,
            BasisReference.@Nullable Side components) {
        int rows = task.product().rows();
        int columns = task.product().columns();
        int inner = task.product().inner();
        long k = left == null ? rows : left.directions().count();
        if (k * inner > Limits.TURNED || (long) inner * columns > Limits.TURNED) {
            return Optional.empty();
        }
        // The numbers of a factor have the energy of the whole product.
        double ofLeft = step * Math.sqrt((double) inner / columns);
        double ofRight = step * Math.sqrt((double) inner / rows);
        ModesPlan one = factor(scaled.left(), rows, inner, left, components, task.unit(), Quantiser.scale(ofLeft));
        ModesPlan other =
                factor(scaled.right(), inner, columns, components, right, task.unit(), Quantiser.scale(ofRight));
        BalancedFactors made =
                BalancedFactors.of(one.matrix(inner), rows, other.matrix(columns), columns, inner);
        return Optional.of(new Way(
                new BalancedPlan(true, task.pair().right(), one),
                new BalancedPlan(false, task.pair().left(), other),
                made.left(),
                made.right()));
    }

    private static ModesPlan factor(
            float[] matrix,
            int rows,
            int columns,
            BasisReference.@Nullable Side left,
            BasisReference.@Nullable Side right,
            float unit,
            int scale) {
        Directions u = ModesPlan.directions(left);
        Directions v = ModesPlan.directions(right);
        float[] coefficients = Projection.coefficients(matrix, rows, columns, u, v);
        return LayerPlanner.quantise(
                coefficients, v == null ? columns : v.count(), 1, left, right, unit, scale);
    }

    private static ThinProduct product(Center left, Center right, TensorInfo leftInfo, TensorInfo rightInfo) {
        return new ThinProduct(
                values(left, (int) leftInfo.elementCount()),
                values(right, (int) rightInfo.elementCount()),
                (int) leftInfo.rows(1),
                (int) rightInfo.rows(1),
                (int) rightInfo.columns(1));
    }

    private static float[] values(Center elements, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = elements.value(i);
        }
        return values;
    }

    private static void decode(TensorInfo tensor, MatrixElements factor, MemorySegment out) {
        int n = (int) tensor.elementCount();
        float[] elements = new float[n];
        factor.read(0, n, elements);
        CentredElements.add(tensor.dtype(), null, elements, n, out);
    }
}
