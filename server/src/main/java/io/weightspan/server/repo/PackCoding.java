package io.weightspan.server.repo;

import io.weightspan.codec.family.EncodeOptions;
import io.weightspan.codec.family.Fidelity;
import java.util.OptionalDouble;

/**
 * How true and how small weights are stored.
 *
 * @param fidelity how true what is stored is to the files
 * @param step what a coefficient of 1 is worth in a first layer, in units of the root mean square of a tensor's
 *     difference, or empty for what makes the total smallest. Where it is given, records have a first layer whatever
 *     that costs
 * @param rate bits that a weight may take in a first layer, likewise; not both
 */
public record PackCoding(Fidelity fidelity, OptionalDouble step, OptionalDouble rate) {

    /** Without loss, as small as can be. */
    public static final PackCoding EXACT =
            new PackCoding(Fidelity.EXACT, OptionalDouble.empty(), OptionalDouble.empty());

    /**
     * Checks the arguments.
     *
     * @throws IllegalArgumentException if a number is out of range, or step and rate are both given
     */
    public PackCoding {
        if (step.isPresent() && rate.isPresent()) {
            throw new IllegalArgumentException("step and rate are both given");
        }
        boolean valid = step.orElse(1) > 0 && step.orElse(1) <= 64 && rate.orElse(1) > 0 && rate.orElse(1) <= 32;
        if (!valid) {
            throw new IllegalArgumentException("step " + step + ", rate " + rate);
        }
    }

    /** Returns whether the user has asked for a first layer. */
    boolean wantsLayer() {
        return step.isPresent() || rate.isPresent();
    }

    /** Returns whether records have a first layer whatever that costs. */
    boolean needsLayer() {
        return wantsLayer() || fidelity.kind() == Fidelity.Kind.SPAN;
    }

    /** Returns the encoder's options. */
    EncodeOptions options(int threads) {
        EncodeOptions options = EncodeOptions.DEFAULT.withThreads(threads).withFidelity(fidelity);
        if (step.isPresent()) {
            options = options.withStep(step.getAsDouble());
        }
        if (rate.isPresent()) {
            options = options.withRate(rate.getAsDouble());
        }
        return wantsLayer() ? options.keepingLayer() : options;
    }
}
