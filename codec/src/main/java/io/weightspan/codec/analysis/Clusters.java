package io.weightspan.codec.analysis;

import io.weightspan.codec.predict.AverageLinkage;
import java.util.List;

/**
 * Members whose differences point the same way, by {@link AverageLinkage} of their cosines.
 *
 * @param threshold one half, where a member foretells a quarter of another's energy, or twice the largest cosine in a
 *     null, if that is more
 * @param nullCosine the largest cosine between two random tensors of the members' shapes and norms, or between two
 *     members with their elements shuffled, absolute
 * @param groups names of members that belong together, the largest group first; who is alone is in none
 */
public record Clusters(double threshold, double nullCosine, List<List<String>> groups) {
    private static final double HALF = 0.5;

    /** Joins members; {@code cosines} is symmetric. */
    static Clusters of(List<String> names, double[][] cosines, double nullCosine) {
        double threshold = Math.min(1, Math.max(HALF, 2 * nullCosine));
        List<List<String>> named = AverageLinkage.groups(cosines, threshold).stream()
                .filter(group -> group.size() > 1)
                .map(group -> group.stream().map(names::get).toList())
                .toList();
        return new Clusters(Rounded.six(threshold), Rounded.six(nullCosine), named);
    }
}
