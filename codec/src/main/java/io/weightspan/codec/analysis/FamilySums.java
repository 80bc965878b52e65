package io.weightspan.codec.analysis;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Sums slots into a family. One thread at a time. */
final class FamilySums {
    private static final int TENFOLD = 10;

    private final int members;
    private final double[] products;
    private final double[] randomProducts;
    private double @Nullable [] shuffledProducts;
    private final List<SlotAnalyzer.Outcome> outcomes = new ArrayList<>();

    FamilySums(int members) {
        this.members = members;
        products = new double[members * members];
        randomProducts = new double[members * members];
        shuffledProducts = new double[members * members];
    }

    void add(SlotAnalyzer.Outcome slot) {
        add(products, slot.products());
        add(randomProducts, slot.randomProducts());
        if (slot.shuffledProducts() == null) {
            shuffledProducts = null;
        } else if (shuffledProducts != null) {
            add(shuffledProducts, slot.shuffledProducts());
        }
        // The products are summed, and would be most of what is kept.
        outcomes.add(new SlotAnalyzer.Outcome(
                slot.analysis(), new double[0], new double[0], null, slot.heldEnergy(), slot.fittedEnergy()));
    }

    private static void add(double[] sum, double[] part) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += part[i];
        }
    }

    /** Sum of the squares of all differences. */
    double energy() {
        return outcomes.stream().mapToDouble(slot -> slot.analysis().energy()).sum();
    }

    long weights() {
        return outcomes.stream().mapToLong(slot -> slot.analysis().weights()).sum();
    }

    List<SlotAnalysis> slots() {
        double energy = energy();
        return outcomes.stream().map(slot -> slot.analysis().withEnergyOf(energy)).toList();
    }

    /** Whether no two members differ, but for rounding. */
    boolean areIdentical() {
        double most = 0;
        double apart = 0;
        for (int i = 0; i < members; i++) {
            for (int j = 0; j < members; j++) {
                double both = products[i * members + i] + products[j * members + j];
                most = Math.max(most, both);
                apart = Math.max(apart, both - 2 * products[i * members + j]);
            }
        }
        return apart <= 1e-12 * most;
    }

    /** The slots' spectra, averaged; empty where a slot has none. */
    double[] spectrum(Function<SlotAnalysis, double[]> of) {
        double energy = outcomes.stream()
                .mapToDouble(slot -> slot.heldEnergy() + slot.fittedEnergy())
                .sum();
        double[] mean = new double[members];
        for (SlotAnalyzer.Outcome slot : outcomes) {
            double[] own = of.apply(slot.analysis());
            if (own.length == 0) {
                return new double[0];
            }
            for (int k = 0; k < members && energy > 0; k++) {
                mean[k] += own[k] * (slot.heldEnergy() + slot.fittedEnergy()) / energy;
            }
        }
        return Rounded.six(mean, members);
    }

    List<ErrorAtK> errors() {
        List<ErrorAtK> errors = new ArrayList<>();
        int counts = outcomes.isEmpty() ? 0 : outcomes.getFirst().analysis().heldoutError().size();
        for (int i = 0; i < counts; i++) {
            int at = i;
            errors.add(new ErrorAtK(
                    outcomes.getFirst().analysis().heldoutError().get(at).k(),
                    error(true, slot -> slot.heldoutError().get(at).error()),
                    error(false, slot -> slot.heldoutError().get(at).inSampleError()),
                    error(true, slot -> slot.heldoutError().get(at).nullError()),
                    shuffledProducts == null
                            ? null
                            : error(
                                    true,
                                    slot -> Objects.requireNonNull(
                                            slot.heldoutError().get(at).shuffledError()))));
        }
        return errors;
    }

    /** The error of all slots together, out of each slot's. */
    private double error(boolean ofHeld, ToDoubleFunction<SlotAnalysis> error) {
        double left = 0;
        double energy = 0;
        for (SlotAnalyzer.Outcome slot : outcomes) {
            double own = ofHeld ? slot.heldEnergy() : slot.fittedEnergy();
            double relative = error.applyAsDouble(slot.analysis());
            left += relative * relative * own;
            energy += own;
        }
        return Rounded.relative(left, energy);
    }

    /** What turning gains, averaged over the matrix slots; null where no slot has one. */
    @Nullable
    CodingGain codingGain() {
        double weights = 0;
        double[] sums = new double[4];
        boolean shuffled = true;
        for (SlotAnalyzer.Outcome slot : outcomes) {
            CodingGain gain = slot.analysis().codingGain();
            if (gain != null) {
                double own = slot.analysis().weights();
                Double ofShuffled = gain.shuffled();
                weights += own;
                sums[0] += own * gain.heldOut();
                sums[1] += own * gain.inSample();
                sums[2] += own * gain.random();
                sums[3] += ofShuffled == null ? 0 : own * ofShuffled;
                shuffled &= ofShuffled != null;
            }
        }
        return weights == 0
                ? null
                : new CodingGain(
                        Rounded.six(sums[0] / weights),
                        Rounded.six(sums[1] / weights),
                        Rounded.six(sums[2] / weights),
                        shuffled ? Rounded.six(sums[3] / weights) : null);
    }

    List<FamilyRate> rates() {
        List<FamilyRate> rates = new ArrayList<>();
        long weights = weights();
        int steps = outcomes.isEmpty() ? 0 : outcomes.getFirst().analysis().rates().size();
        for (int s = 0; s < steps; s++) {
            int step = s;
            Coding direct = coding(slot -> slot.rates().get(step).direct());
            Coding shared = coding(slot -> slot.chosen(slot.rates().get(step)));
            rates.add(new FamilyRate(
                    outcomes.getFirst().analysis().rates().get(step).step(),
                    direct,
                    shared,
                    FamilyRate.Bytes.of(members, weights, direct, shared),
                    FamilyRate.Bytes.of((long) TENFOLD * members, weights, direct, shared)));
        }
        return rates;
    }

    private Coding coding(Function<SlotAnalysis, Coding> of) {
        double bits = 0;
        long basis = 0;
        for (SlotAnalyzer.Outcome slot : outcomes) {
            Coding own = of.apply(slot.analysis());
            bits += own.bitsPerWeight() * slot.analysis().weights();
            basis += own.basisBytes();
        }
        return new Coding(
                Rounded.six(bits / Math.max(1, weights())),
                error(true, slot -> of.apply(slot).error()),
                error(false, slot -> of.apply(slot).inSampleError()),
                basis);
    }

    /** The least number of members at which what a basis saves of each pays for it; null where it never does. */
    @Nullable
    Long breakEven(List<FamilyRate> rates) {
        if (rates.isEmpty()) {
            return null;
        }
        FamilyRate rate = rates.get(SlotAnalyzer.REFERENCE);
        double saved = (rate.direct().bitsPerWeight() - rate.shared().bitsPerWeight()) * weights() / Byte.SIZE;
        return saved <= 0 ? null : Math.max(1, (long) Math.ceil(rate.shared().basisBytes() / saved));
    }

    double[][] cosines() {
        return cosines(products);
    }

    private double[][] cosines(double[] of) {
        double[][] cosines = new double[members][members];
        for (int i = 0; i < members; i++) {
            for (int j = 0; j < members; j++) {
                double norms = Math.sqrt(of[i * members + i] * of[j * members + j]);
                double cosine = norms > 0 ? of[i * members + j] / norms : 0;
                cosines[i][j] = i == j && norms > 0 ? 1 : Math.round(cosine * 1e4) / 1e4;
            }
        }
        return cosines;
    }

    /** The largest absolute cosine between two members of either null. */
    double nullCosine() {
        double most = 0;
        for (double[] of : shuffledProducts == null
                ? List.of(randomProducts)
                : List.of(randomProducts, shuffledProducts)) {
            double[][] cosines = cosines(of);
            for (int i = 0; i < members; i++) {
                for (int j = 0; j < i; j++) {
                    most = Math.max(most, Math.abs(cosines[i][j]));
                }
            }
        }
        return most;
    }
}
