package io.weightspan.codec.family;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.LayerWriter;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Makes the first layer of a file with the step that the options say, or with one that is found for a rate or an
 * energy. For one thread.
 */
final class LayerMaker {
    /** Between these the step for a rate is looked for, as often as tells it to 2 %. */
    private static final double FINEST_STEP = 1.0 / 16;

    private static final double COARSEST_STEP = 16;
    private static final int ROUNDS_OF_RATE = 8;

    /** Between this and the coarsest the step for an energy. */
    private static final double FINEST_OF_ENERGY = 1.0 / 256;

    private static final int ROUNDS_OF_ENERGY = 9;

    /** Where the directions do not hold the energy, what is left out is at most this much more than need be. */
    private static final double NEARLY = 1.02;

    private final SafetensorsFile file;
    private final List<Reference> references;
    private final Optional<BasisReference> basis;
    private final EncodeOptions options;
    private final LowRankSearch lowRank;

    /**
     * Prepares to make layers.
     *
     * @param file the file
     * @param references what may predict it
     * @param basis its directions, or empty
     * @param options tell the step, or how to find it
     * @param lowRank looks for products in the file's tensors
     */
    LayerMaker(
            SafetensorsFile file,
            List<Reference> references,
            Optional<BasisReference> basis,
            EncodeOptions options,
            LowRankSearch lowRank) {
        this.lowRank = lowRank;
        this.file = file;
        this.references = references;
        this.basis = basis;
        this.options = options;
    }

    /**
     * Makes the layer.
     *
     * @param plans how each tensor is coded without a layer
     * @param bytes the tensors
     * @param scratch where the decoded layer goes, and other files of this name with something behind it; none exists
     */
    LayeredPlans make(List<TensorPlan> plans, List<MemorySegment> bytes, Path scratch) throws IOException {
        double step = options.step();
        if (options.rate() > 0) {
            step = stepOfRate(plans, bytes, scratch);
        } else if (options.energy() > 0) {
            step = stepOfEnergy(plans, scratch);
        }
        return make(plans, step, scratch);
    }

    private LayeredPlans make(List<TensorPlan> plans, double step, Path scratch) throws IOException {
        boolean isAlone = options.fidelity().kind() == Fidelity.Kind.SPAN;
        boolean quantises = options.keepLayer() || isAlone;
        LayerPlanner planner = new LayerPlanner(file, references, basis, step, quantises, isAlone, lowRank);
        // Factors of the same product are as good to use as the file's, but no nearer to them.
        Optional<ProductPlanner> products = isAlone
                ? Optional.of(new ProductPlanner(file, basis, step))
                : Optional.empty();
        return LayeredPlans.of(file, plans, planner, products, options.threads(), scratch);
    }

    /** The finest step, about, with which the layer's bytes keep the rate; the coarsest where none does. */
    private double stepOfRate(List<TensorPlan> plans, List<MemorySegment> bytes, Path scratch) throws IOException {
        long elements = file.tensors().stream().mapToLong(TensorInfo::elementCount).sum();
        double fine = FINEST_STEP;
        double coarse = COARSEST_STEP;
        for (int round = 0; round < ROUNDS_OF_RATE; round++) {
            double step = Math.sqrt(fine * coarse);
            try (LayeredPlans layer = make(plans, step, scratch)) {
                if (length(layer, bytes, scratch) * Byte.SIZE <= options.rate() * elements) {
                    coarse = step;
                } else {
                    fine = step;
                }
            }
        }
        return coarse;
    }

    /** The coarsest step, about, with which the layer keeps the energy, or nearly all it can where that is less. */
    private double stepOfEnergy(List<TensorPlan> plans, Path scratch) throws IOException {
        double fine = FINEST_OF_ENERGY;
        double coarse = COARSEST_STEP;
        double most = Math.max(1 - options.energy(), NEARLY * left(plans, fine, scratch));
        for (int round = 0; round < ROUNDS_OF_ENERGY; round++) {
            double step = Math.sqrt(fine * coarse);
            if (left(plans, step, scratch) <= most) {
                fine = step;
            } else {
                coarse = step;
            }
        }
        return fine;
    }

    /** The part of the energy that a layer leaves out. */
    private double left(List<TensorPlan> plans, double step, Path scratch) throws IOException {
        try (LayeredPlans layer = make(plans, step, scratch)) {
            return layer.error().relative() * layer.error().relative();
        }
    }

    private long length(LayeredPlans layer, List<MemorySegment> bytes, Path scratch) throws IOException {
        Path stored = scratch.resolveSibling(scratch.getFileName() + ".rate");
        try (LayerWriter writer = LayerWriter.create(stored)) {
            CodingEncoder coding = new CodingEncoder(file, bytes, layer.first(), true, options, Progress.NONE);
            coding.write(writer.coding(), RecordWriter.used(layer.first()));
            writer.finish(coding.tableSets(), Digest.sha256(MemorySegment.NULL), 0, 0);
            return writer.storedLength();
        }
    }
}
