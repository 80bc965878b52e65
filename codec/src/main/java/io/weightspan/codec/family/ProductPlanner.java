package io.weightspan.codec.family;

import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.basis.CoreFactors;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.FactorPair;
import io.weightspan.codec.basis.ProductFactor;
import io.weightspan.codec.basis.Quantiser;
import io.weightspan.codec.basis.ThinProduct;
import io.weightspan.codec.container.Limits;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Plans pairs of factors by their product in the family's directions. What is decoded has the same product, about, by
 * other factors, and what counts as its error is the product's. Stateless; thread-safe.
 */
final class ProductPlanner {
    private final SafetensorsFile file;
    private final BasisReference basis;
    private final double step;

    /**
     * Prepares to plan.
     *
     * @param file the file
     * @param basis its directions
     * @param step what a coefficient of 1 is worth, in units of the root mean square of a product's elements
     */
    ProductPlanner(SafetensorsFile file, BasisReference basis, double step) {
        this.file = file;
        this.basis = basis;
        this.step = step;
    }

    /**
     * Plans all pairs that have directions.
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

    private void plan(
            FactorPair pair, List<TensorPlan> plain, LayerFile decoded, Map<Integer, LayerPlanner.Planned> plans)
            throws IOException {
        TensorInfo leftInfo = file.tensors().get(pair.left());
        TensorInfo rightInfo = file.tensors().get(pair.right());
        String slot = pair.slot() + BasisFitter.PRODUCT;
        Optional<BasisReference.Side> left = basis.left(slot, leftInfo.rows(1));
        Optional<BasisReference.Side> right = basis.right(slot, rightInfo.columns(1));
        if (left.isEmpty() || right.isEmpty()) {
            return;
        }
        Directions u = left.get().directions();
        Directions v = right.get().directions();
        ThinProduct product = product(new Center(file.tensor(pair.left()), leftInfo.dtype()),
                new Center(file.tensor(pair.right()), rightInfo.dtype()), leftInfo, rightInfo);
        double square = product.dot(product);
        long most = (long) u.count() * v.count() * product.inner();
        double size = step * Math.sqrt(square / product.rows() / product.columns());
        long widest = Math.max(u.count(), v.count());
        boolean fits = (long) u.count() * v.count() <= Limits.CORE
                && widest * product.inner() <= Limits.CORE
                && most <= Limits.TURNED;
        if (!fits || !(size > 0 && size <= Float.MAX_VALUE)) {
            return;
        }
        float unit = LayerPlanner.size(size);
        ModesPlan core = LayerPlanner.quantise(
                product.coefficients(u, v), v.count(), 1, left.get(), right.get(), unit, Quantiser.scale(step));
        CoreFactors factors = CoreFactors.of(
                core.coefficients(),
                core.coefficients().length / core.width(),
                core.width(),
                product.inner(),
                unit);
        MemorySegment leftOut = decoded.tensor(leftInfo);
        MemorySegment rightOut = decoded.tensor(rightInfo);
        decode(leftInfo, new ProductFactor(factors, ModesPlan.directions(core.left()), true), leftOut);
        decode(rightInfo, new ProductFactor(factors, ModesPlan.directions(core.right()), false), rightOut);
        ThinProduct found = product(new Center(leftOut, leftInfo.dtype()),
                new Center(rightOut, rightInfo.dtype()), leftInfo, rightInfo);
        ThinProduct.Distance error = product.distance(found);
        boolean leftHolds = pair.left() < pair.right();
        ProductPlan ofLeft = new ProductPlan(true, pair.right(), leftHolds ? core : null, 1);
        ProductPlan ofRight = new ProductPlan(false, pair.left(), leftHolds ? null : core, 1);
        plans.put(pair.left(), new LayerPlanner.Planned(
                TensorPlan.numbers(leftInfo, plain.get(pair.left()).sha256(), null, 0, ofLeft),
                new LayerError(error.square(), square, error.most())));
        plans.put(pair.right(), new LayerPlanner.Planned(
                TensorPlan.numbers(rightInfo, plain.get(pair.right()).sha256(), null, 0, ofRight), LayerError.NONE));
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

    private static void decode(TensorInfo tensor, ProductFactor factor, MemorySegment out) {
        int n = (int) tensor.elementCount();
        float[] elements = new float[n];
        factor.read(0, n, elements);
        CentredElements.add(tensor.dtype(), null, elements, n, out);
    }
}
