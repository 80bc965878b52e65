package io.weightspan.codec.analysis;

import io.weightspan.codec.tensor.DecodedFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Analyses one slot. Stateless but for its arguments; one thread at a time. */
final class SlotAnalyzer {
    /** Bits a weight by which a slot must beat its nulls to share anything: less goes on tables and rounding. */
    static final double LEAST_GAIN = 0.1;

    /** Steps that rates are measured at, over the root mean square of the difference. */
    private static final double[] STEPS = {0.5, 1, 2, 3, 4, 6};

    /** Index of the step that forms are compared at. */
    static final int REFERENCE = 1;

    /** Bytes that a direction takes beside its elements: its scale and its level. */
    static final int DIRECTION_OVERHEAD = 5;

    /** Directions of a side that a document lists. */
    private static final int LISTED = 64;

    private final List<FamilyMember> members;
    private final FamilySlot slot;
    private final @Nullable DecodedFile base;
    private final HeldOut split;
    private final AnalysisOptions options;

    SlotAnalyzer(
            List<FamilyMember> members,
            FamilySlot slot,
            @Nullable DecodedFile base,
            HeldOut split,
            AnalysisOptions options) {
        this.members = members;
        this.slot = slot;
        this.base = base;
        this.split = split;
        this.options = options;
    }

    /**
     * A slot's analysis, and what the family's is summed from. All but the analysis is in units of the slot's own
     * differences, so that in sums a slot weighs by its elements.
     *
     * @param analysis the slot's
     * @param products inner products of all members' differences
     * @param randomProducts the same of random tensors
     * @param shuffledProducts the same of shuffled members; null where that was not measured
     * @param heldEnergy of the members held out
     * @param fittedEnergy of the others
     */
    record Outcome(
            SlotAnalysis analysis,
            double[] products,
            double[] randomProducts,
            double @Nullable [] shuffledProducts,
            double heldEnergy,
            double fittedEnergy) {}

    /** What is measured of the members and of each null alike. */
    private record Measured(ModelAxis axis, @Nullable ModeAxes modes, double heldGain) {}

    Outcome analyze() throws IOException {
        boolean held = (long) slot.size() * members.size() * Float.BYTES <= options.heldBytes();
        StoredElements stored = new StoredElements(members, slot);
        CentredDifferences centred = CentredDifferences.of(
                held ? HeldDifferences.of(stored) : stored, slot, base, split.fitted());
        Differences own = held ? HeldDifferences.of(centred) : centred;
        boolean fromMean = base == null || slot.base() == null;
        Measured real = measure(own, false);
        double[] deviations = new double[members.size()];
        for (int member = 0; member < deviations.length; member++) {
            deviations[member] = Math.sqrt(real.axis().square(member) / slot.size());
        }
        Measured random = measure(new RandomDifferences(options.seed(), slot.size(), deviations), fromMean);
        Measured shuffled = own instanceof HeldDifferences inMemory
                ? measure(inMemory.shuffled(options.seed()), fromMean)
                : null;
        List<ErrorAtK> errors = errors(real.axis(), random.axis(), shuffled == null ? null : shuffled.axis());
        CodingGain gain = gain(own, real, random, shuffled);
        double spanGain = spanGain(errors);
        int directions = spanGain >= LEAST_GAIN ? spanDirections(errors) : 0;
        List<SlotRate> rates = split.held().length == 0 ? List.of() : rates(own, real, directions);
        boolean modesShare = gain != null && gain.aboveNull() >= LEAST_GAIN;
        double unit = centred.unit() * centred.unit();
        double energy = real.axis().energyOfFitted() + real.axis().energyOfHeld();
        SlotAnalysis analysis = new SlotAnalysis(
                slot.name(),
                slot.shape(),
                fromMean ? "mean" : "base",
                Rounded.six(energy * unit),
                0,
                Rounded.six(real.axis().spectrum(), members.size()),
                Rounded.six(random.axis().spectrum(), members.size()),
                shuffled == null ? new double[0] : Rounded.six(shuffled.axis().spectrum(), members.size()),
                spectrum(true, real, random, shuffled),
                spectrum(false, real, random, shuffled),
                errors,
                gain,
                Rounded.six(spanGain),
                directions,
                modesShare || spanGain >= LEAST_GAIN,
                form(rates, modesShare, directions > 0),
                rates);
        return new Outcome(
                analysis,
                real.axis().products(),
                random.axis().products(),
                shuffled == null ? null : shuffled.axis().products(),
                real.axis().energyOfHeld(),
                real.axis().energyOfFitted());
    }

    private Measured measure(Differences differences, boolean centre) throws IOException {
        ModelAxis axis = ModelAxis.of(differences, split);
        ModeAxes modes = slot.isMatrix() ? ModeAxes.of(differences, slot, split.fitted()) : null;
        double gain = modes == null ? 0 : gain(differences, axis, modes, split.held());
        return new Measured(centre ? axis.centred() : axis, modes, gain);
    }

    /** Bits a weight that turning some members gains. */
    private static double gain(Differences differences, ModelAxis axis, ModeAxes modes, int[] of)
            throws IOException {
        ClassVariances turned = new ClassVariances();
        ClassVariances straight = new ClassVariances();
        for (int member : of) {
            float[] d = differences.of(member);
            double scale = axis.square(member) > 0 ? Math.sqrt(d.length / axis.square(member)) : 0;
            float[] c = modes.turned(d);
            turned.add(c, scale, modes.left().magnitudes(), modes.right().magnitudes());
            turned.addOutside(modes.outside(c, axis.square(member)) * scale * scale, modes.outside());
            straight.add(d, scale, modes.left().straight(), modes.right().straight());
        }
        return turned.gain() - straight.gain();
    }

    private @Nullable CodingGain gain(
            Differences own, Measured real, Measured random, @Nullable Measured shuffled) throws IOException {
        if (real.modes() == null || split.held().length == 0) {
            return null;
        }
        return new CodingGain(
                Rounded.six(real.heldGain()),
                Rounded.six(gain(own, real.axis(), real.modes(), split.sampleOfFitted())),
                Rounded.six(random.heldGain()),
                shuffled == null ? null : Rounded.six(shuffled.heldGain()));
    }

    private List<ErrorAtK> errors(ModelAxis real, ModelAxis random, @Nullable ModelAxis shuffled) {
        List<ErrorAtK> errors = new ArrayList<>();
        for (int k : split.held().length == 0 ? new int[0] : ModelAxis.counts(split.fitted().length)) {
            errors.add(new ErrorAtK(
                    k,
                    Rounded.relative(real.leftOfHeld(k), real.energyOfHeld()),
                    Rounded.relative(real.leftOfFitted(k), real.energyOfFitted()),
                    Rounded.relative(random.leftOfHeld(k), random.energyOfHeld()),
                    shuffled == null ? null : Rounded.relative(shuffled.leftOfHeld(k), shuffled.energyOfHeld())));
        }
        return errors;
    }

    /** Half the binary logarithm of the energy that the better null leaves over what the members leave. */
    private static double spanGain(List<ErrorAtK> errors) {
        double best = 0;
        for (ErrorAtK at : errors) {
            double ofNull = Math.min(at.nullError(), at.shuffledError() == null ? 1 : at.shuffledError());
            // Sixteen bits is more than any weight has to save.
            best = Math.max(best, log2(ofNull / Math.max(at.error(), ofNull * 0x1p-16)));
        }
        return best;
    }

    /** The number of directions that costs the fewest bits, their own included, or would at ten times the members. */
    private int spanDirections(List<ErrorAtK> errors) {
        int now = spanDirections(errors, members.size());
        return now > 0 ? now : spanDirections(errors, 10L * members.size());
    }

    private int spanDirections(List<ErrorAtK> errors, long count) {
        // A normal variable has about two bits at step 1: no more can be saved.
        double most = 2;
        int best = 0;
        double least = 0;
        for (ErrorAtK at : errors) {
            double saved = -log2(Math.max(at.error(), Math.pow(2, -most)));
            double cost = 8.0 * at.k() / count + 16.0 * at.k() / slot.size() - saved;
            if (cost < least) {
                least = cost;
                best = at.k();
            }
        }
        return best;
    }

    private static double log2(double x) {
        return Math.log(x) / Math.log(2);
    }

    private List<SlotRate> rates(Differences own, Measured real, int directions) throws IOException {
        List<Coding> modes = real.modes() == null
                ? List.of()
                : ModesRates.of(own, real.axis(), real.modes(), split, STEPS);
        ElementRates held = ElementRates.of(own, real.axis(), split.held(), split.fitted(), STEPS, directions);
        ElementRates fitted = directions == 0
                ? held
                : ElementRates.of(own, real.axis(), split.sampleOfFitted(), split.fitted(), STEPS, directions);
        List<SlotRate> rates = new ArrayList<>();
        for (int s = 0; s < STEPS.length; s++) {
            Coding span = directions == 0 ? null : held.span(s, fitted);
            rates.add(new SlotRate(STEPS[s], held.direct(s), modes.isEmpty() ? null : modes.get(s), span));
        }
        return rates;
    }

    /** What costs least at the reference step, a basis counted at this many members. */
    private String form(List<SlotRate> rates, boolean modesShare, boolean spanShares) {
        if (rates.isEmpty()) {
            return SlotAnalysis.DIRECT;
        }
        SlotRate rate = rates.get(REFERENCE);
        boolean modesSave = modesShare && saves(rate.modes(), rate.direct());
        boolean spanSaves = spanShares && saves(rate.span(), rate.direct());
        if (modesSave && spanSaves) {
            return bytes(rate.modes()) <= bytes(rate.span()) ? SlotAnalysis.MODES : SlotAnalysis.SPAN;
        }
        return modesSave ? SlotAnalysis.MODES : spanSaves ? SlotAnalysis.SPAN : SlotAnalysis.DIRECT;
    }

    private static boolean saves(@Nullable Coding coding, Coding direct) {
        return coding != null && coding.bitsPerWeight() < direct.bitsPerWeight();
    }

    private double bytes(@Nullable Coding coding) {
        return coding == null
                ? Double.MAX_VALUE
                : coding.bitsPerWeight() / Byte.SIZE * slot.size() * members.size() + coding.basisBytes();
    }

    private @Nullable ModeSpectrum spectrum(
            boolean left, Measured real, Measured random, @Nullable Measured shuffled) {
        if (real.modes() == null) {
            return null;
        }
        return new ModeSpectrum(
                left ? slot.rows() : slot.columns(),
                listed(left, real),
                listed(left, random),
                shuffled == null ? new double[0] : listed(left, shuffled));
    }

    private static double[] listed(boolean left, Measured measured) {
        ModeAxes modes = measured.modes();
        double[] spectrum = modes == null ? null : (left ? modes.left() : modes.right()).spectrum();
        return spectrum == null ? new double[0] : Rounded.six(spectrum, LISTED);
    }
}
