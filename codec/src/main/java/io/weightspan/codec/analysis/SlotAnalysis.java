package io.weightspan.codec.analysis;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the members share in one slot. Numbers have six digits.
 *
 * @param name the tensors' name, somebody else's text
 * @param shape their dimensions
 * @param center what differences are taken from: {@code base} or {@code mean}, that of the fitted members
 * @param energy sum of the squares of all members' differences
 * @param energyShare part of the family's energy
 * @param spectrum what each direction over the models holds of the energy, largest first: all members flattened
 * @param nullSpectrum the same of random tensors of the same shapes and norms
 * @param shuffledSpectrum the same of the members with their elements shuffled; empty where that was not measured
 * @param left directions of the rows' side; null for a slot that is no matrix
 * @param right directions of the columns' side; null for a slot that is no matrix
 * @param heldoutError error by number of directions over the models; empty where nothing could be held out
 * @param codingGain what turning gains; null for a slot that is no matrix or where nothing could be held out
 * @param spanGain bits a weight that directions over the models gain on held-out members, above the nulls, at the best
 *     number of them
 * @param spanDirections how many of these are taken in {@code rates}; 0 where none pays at ten times the members
 * @param shares whether one of the gains is at least {@link SlotAnalyzer#LEAST_GAIN} above the nulls
 * @param form what costs the fewest bytes among what shares, at step 1 and this many members: {@code direct},
 *     {@code modes} or {@code span}
 * @param rates bits and error by step
 */
public record SlotAnalysis(
        String name,
        List<Long> shape,
        String center,
        double energy,
        double energyShare,
        double[] spectrum,
        double[] nullSpectrum,
        double[] shuffledSpectrum,
        @Nullable ModeSpectrum left,
        @Nullable ModeSpectrum right,
        List<ErrorAtK> heldoutError,
        @Nullable CodingGain codingGain,
        double spanGain,
        int spanDirections,
        boolean shares,
        String form,
        List<SlotRate> rates) {
    static final String DIRECT = "direct";
    static final String MODES = "modes";
    static final String SPAN = "span";

    /** Elements of a member. */
    long weights() {
        long product = 1;
        for (long dimension : shape) {
            product *= dimension;
        }
        return product;
    }

    SlotAnalysis withEnergyOf(double family) {
        return new SlotAnalysis(
                name, shape, center, energy, family > 0 ? Rounded.six(energy / family) : 0, spectrum, nullSpectrum,
                shuffledSpectrum, left, right, heldoutError, codingGain, spanGain, spanDirections, shares, form, rates);
    }

    /** What a rate costs in the form that was chosen. */
    Coding chosen(SlotRate rate) {
        Coding modes = rate.modes();
        Coding span = rate.span();
        return switch (form) {
            case MODES -> modes == null ? rate.direct() : modes;
            case SPAN -> span == null ? rate.direct() : span;
            default -> rate.direct();
        };
    }
}
