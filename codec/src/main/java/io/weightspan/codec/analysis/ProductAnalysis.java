package io.weightspan.codec.analysis;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What adapters share in one product of two factors, which is what they add to a layer: factors that have nothing in
 * common may have products that do. Differences are the products themselves. Numbers have six digits.
 *
 * @param name the pair's name, somebody else's text
 * @param shape of the product: m, n
 * @param rank r, the columns of the left factor
 * @param energy sum of the squares of all members' products
 * @param energyShare part of the energy of all products
 * @param spectrum what each direction over the models holds of the energy, largest first
 * @param nullSpectrum the same of products of random factors of the same shapes, with the same norms
 * @param shuffledSpectrum the same of products of the members' factors with their elements shuffled
 * @param left directions of the products' rows' side; null where there is no energy
 * @param right directions of their columns' side; null likewise
 * @param heldoutError error by number of directions over the models; empty where nothing could be held out
 */
public record ProductAnalysis(
        String name,
        List<Long> shape,
        int rank,
        double energy,
        double energyShare,
        double[] spectrum,
        double[] nullSpectrum,
        double[] shuffledSpectrum,
        @Nullable ModeSpectrum left,
        @Nullable ModeSpectrum right,
        List<ErrorAtK> heldoutError) {

    ProductAnalysis withEnergyOf(double all) {
        return new ProductAnalysis(
                name, shape, rank, energy, all > 0 ? Rounded.six(energy / all) : 0, spectrum, nullSpectrum,
                shuffledSpectrum, left, right, heldoutError);
    }
}
