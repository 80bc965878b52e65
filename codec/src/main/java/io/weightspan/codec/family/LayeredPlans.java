package io.weightspan.codec.family;

import io.weightspan.codec.basis.TurnedMatrix;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The plans of a first layer, and what it decodes to. For one thread, which shares the tensors out.
 *
 * @param first how each tensor is coded in the layer
 * @param decoded what the layer decodes to; closed with this
 * @param error what the layer leaves out
 * @param sha256 of what it decodes to, if the layer serves any tensor
 */
record LayeredPlans(List<TensorPlan> first, LayerFile decoded, LayerError error, Digest sha256) implements Closeable {
    /** The depth of what a layer decodes to: a layer's tensors rest on a base and a basis, which rest on nothing. */
    static final int DEPTH = 2;

    /**
     * Plans a layer.
     *
     * @param file the file
     * @param plain how each tensor is coded without a layer
     * @param planner plans tensors
     * @param products plans pairs of tensors, or empty where their factors must be near the file's
     * @param threads how many at once
     * @param scratch where the decoded layer goes; must not exist
     */
    static LayeredPlans of(
            SafetensorsFile file,
            List<TensorPlan> plain,
            LayerPlanner planner,
            Optional<ProductPlanner> products,
            int threads,
            Path scratch)
            throws IOException {
        LayerFile decoded = new LayerFile(file, scratch);
        boolean done = false;
        try {
            List<TensorInfo> tensors = file.tensors();
            LayerPlanner.@Nullable Planned[] planned = new LayerPlanner.Planned[tensors.size()];
            Map<Integer, LayerPlanner.Planned> pairs =
                    products.isPresent() ? products.get().plan(plain, decoded) : Map.of();
            Parallel.run(threads, planned.length, new Pool<>(Object::new), (nothing, t) -> {
                LayerPlanner.Planned ofPair = pairs.get(t);
                if (ofPair != null) {
                    planned[t] = ofPair;
                    return;
                }
                TensorPlan own = plain.get(t);
                MemorySegment elements = decoded.tensor(tensors.get(t));
                Optional<LayerPlanner.Planned> found = own.residual() == ResidualKind.EQUAL
                        ? Optional.empty()
                        : planner.plan(own, file.tensor(t), elements);
                planned[t] = found.orElseGet(() -> new LayerPlanner.Planned(own, LayerError.NONE));
            });
            boolean servesAny = false;
            LayerError error = LayerError.NONE;
            TensorPlan[] first = new TensorPlan[planned.length];
            for (int t = 0; t < first.length; t++) {
                LayerPlanner.Planned one = Objects.requireNonNull(planned[t]);
                first[t] = one.plan();
                error = error.plus(one.error());
                servesAny |= first[t].numbers() != null;
            }
            // A layer that serves nothing will not be written: there is no need of what it decodes to.
            for (int t = 0; t < first.length && servesAny; t++) {
                if (first[t].numbers() == null) {
                    decoded.tensor(tensors.get(t)).copyFrom(file.tensor(t));
                }
                if (first[t].predictor() == PredictorKind.SELF) {
                    MemorySegment from = decoded.tensor(tensors.get(first[t].sourceTensor()));
                    decoded.tensor(tensors.get(t)).copyFrom(from);
                }
            }
            done = true;
            Digest sha256 = servesAny ? Digest.sha256(decoded.bytes()) : Digest.sha256(MemorySegment.NULL);
            return new LayeredPlans(List.of(first), decoded, error, sha256);
        } finally {
            if (!done) {
                decoded.close();
            }
        }
    }

    /** Whether the layer holds less of a tensor than the file does. */
    boolean isApproximation(int tensor) {
        return first.get(tensor).numbers() != null;
    }

    /** What a tensor's elements are before they are rounded, where they are made of two thin matrices. */
    Optional<Sums> sums(int tensor) {
        TensorPlan plan = first.get(tensor);
        Reference base = plan.reference();
        if (!(plan.numbers() instanceof LowRankPlan factors) || base == null) {
            return Optional.empty();
        }
        TensorInfo center = base.file().tensors().get(plan.sourceTensor());
        return Optional.of(new LayerSums(
                TurnedMatrix.ofFactors(factors.numbers(), factors.rows(), factors.columns(), factors.step()),
                new ElementSource(base.file(), center)));
    }

    /** Whether coefficients or factors serve any tensor. */
    boolean servesAny() {
        return first.stream().anyMatch(plan -> plan.numbers() != null);
    }

    @Override
    public void close() throws IOException {
        decoded.close();
    }
}
