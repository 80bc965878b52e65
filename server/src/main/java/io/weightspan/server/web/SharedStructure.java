package io.weightspan.server.web;

import io.weightspan.codec.analysis.CodingGain;
import io.weightspan.codec.analysis.ErrorAtK;
import io.weightspan.codec.analysis.FamilyAnalysis;
import io.weightspan.codec.analysis.SlotAnalysis;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What of an analysis the page of a family shows, so that the rest needn't be kept. Immutable.
 *
 * @param verdict one sentence
 * @param members how many were analysed
 * @param base what differences are taken from; null for the mean
 * @param spectrum the largest directions over the models
 * @param shuffled whether the null of shuffled members was measured
 * @param errors error by number of directions
 * @param gains bits a weight that shared directions gain above chance, by layer and kind
 * @param notes what else one must know, left out members included
 */
record SharedStructure(
        String verdict,
        int members,
        @Nullable String base,
        List<Direction> spectrum,
        boolean shuffled,
        List<Remainder> errors,
        DepthMap gains,
        List<String> notes) {

    private static final int MAX_DIRECTIONS = 64;
    private static final int MAX_NOTES = 50;

    /** Bits a weight that make a difference to look at. */
    private static final double SPAN = 0.5;

    /** A direction: what it holds of the energy, what one of random and of shuffled members holds. */
    record Direction(int number, double family, double random, double shuffled) {}

    /** What so many directions leave: of held-out members, of the fitted ones, of random and of shuffled members. */
    record Remainder(int directions, double heldOut, double inSample, double random, @Nullable Double shuffled) {}

    /** Takes what is shown out of an analysis. */
    static SharedStructure of(FamilyAnalysis analysis) {
        boolean shuffled = analysis.shuffledSpectrum().length > 0;
        List<Direction> spectrum = new ArrayList<>();
        for (int i = 0; i < Math.min(MAX_DIRECTIONS, analysis.spectrum().length); i++) {
            spectrum.add(new Direction(
                    i + 1,
                    analysis.spectrum()[i],
                    at(analysis.nullSpectrum(), i),
                    at(analysis.shuffledSpectrum(), i)));
        }
        List<Remainder> errors = new ArrayList<>();
        for (ErrorAtK at : analysis.heldoutError()) {
            errors.add(new Remainder(at.k(), at.error(), at.inSampleError(), at.nullError(), at.shuffledError()));
        }
        List<String> notes = new ArrayList<>(analysis.notes());
        for (FamilyAnalysis.LeftOut left : analysis.leftOut()) {
            notes.add("Left out: " + left.name() + ": " + left.reason());
        }
        return new SharedStructure(
                analysis.verdict(),
                analysis.members(),
                analysis.base(),
                List.copyOf(spectrum),
                shuffled,
                List.copyOf(errors),
                gains(analysis.slots()),
                List.copyOf(notes.subList(0, Math.min(MAX_NOTES, notes.size()))));
    }

    private static double at(double[] values, int i) {
        return i < values.length ? values[i] : 0;
    }

    private static DepthMap gains(List<SlotAnalysis> slots) {
        List<DepthMap.Entry> entries = new ArrayList<>();
        for (SlotAnalysis slot : slots) {
            CodingGain turning = slot.codingGain();
            double gain = Math.max(slot.spanGain(), turning == null ? 0 : turning.aboveNull());
            double weights = slot.shape().stream().mapToDouble(Long::doubleValue).reduce(1, (a, b) -> a * b);
            entries.add(new DepthMap.Entry(slot.name(), Math.max(0, gain), weights));
        }
        return DepthMap.of(entries, value -> Numbers.decimals(value, 2), SPAN);
    }
}
