package io.weightspan.codec.family;

import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.residual.CoefficientBlocks;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * About what a record takes with a first layer and without, from the measured bits of its plans.
 *
 * @param plain bits, without a layer, of the tensors that the layer approximates
 * @param layered bits of these with it, its numbers included
 * @param rest bits of the other tensors
 * @param tensors how many there are
 */
record LayerEstimate(double plain, double layered, double rest, int tensors) {
    /** By this part of the bits either estimate may be wrong against the other. */
    private static final double ERROR = 0.03;

    /** A layer's own structures take less: an index, tables, an entry for each tensor. */
    private static final double BITS_OF_LAYER = 8 * 800;

    private static final double BITS_OF_ENTRY = 8 * 16;
    private static final double BITS_PER_CELL = 4;

    /**
     * Adds up plans.
     *
     * @param plain how each tensor is coded without a layer
     * @param upon how upon the layer
     * @param layer the layer
     */
    static LayerEstimate of(List<TensorPlan> plain, List<TensorPlan> upon, LayeredPlans layer) {
        Map<ResidualKind, long[]> counts = new EnumMap<>(ResidualKind.class);
        double without = 0;
        double with = 0;
        double rest = 0;
        for (int t = 0; t < plain.size(); t++) {
            TensorPlan own = plain.get(t);
            NumbersPlan numbers = layer.first().get(t).numbers();
            if (numbers == null) {
                rest += own.residual() == ResidualKind.BYTES ? own.tensor().byteLength() * Byte.SIZE : own.bits();
                continue;
            }
            without += own.bits();
            with += upon.get(t).bits();
            numbers.count(counts.computeIfAbsent(
                    layer.first().get(t).residual(), residual -> new long[NumbersPlan.COUNTS]));
        }
        for (long[] of : counts.values()) {
            with += CoefficientBlocks.bits(of, Integer.SIZE, BITS_PER_CELL);
        }
        return new LayerEstimate(without, with, rest, plain.size());
    }

    /** Whether the record with a layer is surely at most a part of that without. */
    boolean isSurelyWithin(double part) {
        double structures = BITS_OF_LAYER + BITS_OF_ENTRY * tensors;
        return layered + rest + structures < part * (plain + rest) - ERROR * plain;
    }

    /** Whether it is surely more than that. */
    boolean isSurelyAbove(double part) {
        return layered + rest > part * (plain + rest) + ERROR * plain;
    }
}
