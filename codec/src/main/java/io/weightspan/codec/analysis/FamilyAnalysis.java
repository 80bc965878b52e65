package io.weightspan.codec.analysis;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a family shares. Numbers have six digits; sizes are bytes, errors relative.
 *
 * <p>Sums over slots take each slot in units of its own differences, so that it weighs by its elements: a few large
 * running variances would drown all weights otherwise. The bases, the means that stand for a
 * missing base and the tensors that were left out are in no size: they cost the same with and without a basis of
 * directions.
 *
 * @param family its name
 * @param members how many members were analysed
 * @param verdict one sentence
 * @param memberNames their names
 * @param heldOut names of the members that directions were not fitted on
 * @param leftOut members that were not analysed, and why
 * @param base name of the base; null where differences are taken from the fitted members' mean
 * @param seed of the nulls
 * @param weights elements of a member that were analysed
 * @param energy sum of the squares of all differences
 * @param spectrum what each direction over the models holds of the energy, largest first
 * @param nullSpectrum the same of random tensors of the same shapes and norms
 * @param shuffledSpectrum the same of the members with their elements shuffled; empty where that was not measured of
 *     every slot
 * @param heldoutError error by number of directions over the models, that many in each slot; empty where nothing could
 *     be held out
 * @param codingGain what turning gains, averaged over the matrix slots by their weights; null where nothing could be
 *     held out
 * @param rates bits, errors and bytes by step; empty where nothing could be held out
 * @param breakEvenMembers the least number of members at which the basis pays at step 1; null where it never does
 * @param clusters members whose differences point the same way
 * @param similarity cosines between the members' differences
 * @param notes what else one must know to read the numbers
 * @param slots the tensors that all members have, in their order in the first member
 * @param products the products of pairs of them that are factors; they are in no sum over slots
 */
public record FamilyAnalysis(
        String family,
        int members,
        String verdict,
        List<String> memberNames,
        List<String> heldOut,
        List<LeftOut> leftOut,
        @Nullable String base,
        long seed,
        long weights,
        double energy,
        double[] spectrum,
        double[] nullSpectrum,
        double[] shuffledSpectrum,
        List<ErrorAtK> heldoutError,
        @Nullable CodingGain codingGain,
        List<FamilyRate> rates,
        @Nullable Long breakEvenMembers,
        Clusters clusters,
        double[][] similarity,
        List<String> notes,
        List<SlotAnalysis> slots,
        List<ProductAnalysis> products) {

    /**
     * The same, told of further members that were not analysed.
     *
     * @param more which, and why
     * @return a copy
     */
    public FamilyAnalysis withLeftOut(List<LeftOut> more) {
        List<LeftOut> all = Stream.concat(leftOut.stream(), more.stream()).toList();
        return new FamilyAnalysis(
                family, members, verdict, memberNames, heldOut, all, base, seed, weights, energy, spectrum,
                nullSpectrum, shuffledSpectrum, heldoutError, codingGain, rates, breakEvenMembers, clusters, similarity,
                notes, slots, products);
    }

    /**
     * A member that was not analysed.
     *
     * @param name which
     * @param reason why not
     */
    public record LeftOut(String name, String reason) {}
}
