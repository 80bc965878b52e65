package io.weightspan.server.repo;

import io.weightspan.codec.family.EncodeOptions;
import io.weightspan.codec.family.Fidelity;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/**
 * How true and how small weights are stored.
 *
 * @param fidelity how true what is stored is to the files
 * @param step what a coefficient of 1 is worth in a first layer, in units of the root mean square of a tensor's
 *     difference, or empty for what makes the total smallest. Where it is given, records have a first layer whatever
 *     that costs
 * @param rate bits that a weight may take in a first layer, likewise
 * @param energy the part of the energy of a file's differences from its base that a first layer is to keep, likewise;
 *     one of the three at most
 */
public record PackCoding(Fidelity fidelity, OptionalDouble step, OptionalDouble rate, OptionalDouble energy) {

    /** Without loss, as small as can be. */
    public static final PackCoding EXACT = new PackCoding(
            Fidelity.EXACT, OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty());

    /**
     * Checks the arguments.
     *
     * @throws IllegalArgumentException if a number is out of range, or more than one of step, rate and energy is given
     */
    public PackCoding {
        if (Stream.of(step, rate, energy).filter(OptionalDouble::isPresent).count() > 1) {
            throw new IllegalArgumentException("more than one of step, rate and energy is given");
        }
        if (!(step.orElse(1) > 0 && step.orElse(1) <= 64)) {
            throw new IllegalArgumentException("a step of " + step.getAsDouble());
        }
        if (!(rate.orElse(1) > 0 && rate.orElse(1) <= 32)) {
            throw new IllegalArgumentException("a rate of " + rate.getAsDouble());
        }
        if (!(energy.orElse(0.5) > 0 && energy.orElse(0.5) < 1)) {
            throw new IllegalArgumentException("an energy of " + energy.getAsDouble());
        }
    }

    /** Returns whether the user has asked for a first layer. */
    boolean wantsLayer() {
        return step.isPresent() || rate.isPresent() || energy.isPresent();
    }

    /** Returns whether records have a first layer whatever that costs. */
    boolean needsLayer() {
        return wantsLayer() || fidelity.kind() == Fidelity.Kind.SPAN;
    }

    /** Returns whether what is stored is the files themselves. */
    boolean isExact() {
        return fidelity.kind() == Fidelity.Kind.EXACT;
    }

    /** Returns what was asked for, in a text that differs wherever that does. */
    String text() {
        StringBuilder text = new StringBuilder(fidelity.toString());
        step.ifPresent(size -> text.append(" step ").append(size));
        rate.ifPresent(bits -> text.append(" rate ").append(bits));
        energy.ifPresent(part -> text.append(" energy ").append(part));
        return text.toString();
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
        if (energy.isPresent()) {
            options = options.withEnergy(energy.getAsDouble());
        }
        return wantsLayer() ? options.keepingLayer() : options;
    }
}
