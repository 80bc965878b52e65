package io.weightspan.codec.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Members whose differences point the same way.
 *
 * <p>Groups are joined by average linkage (R. Sokal and C. Michener, "A statistical method for evaluating systematic
 * relationships", 1958): the two with the largest mean cosine between their members first, until that falls below the
 * threshold.
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
        int n = names.size();
        List<List<Integer>> groups = new ArrayList<>();
        double[][] mean = new double[n][];
        for (int i = 0; i < n; i++) {
            groups.add(new ArrayList<>(List.of(i)));
            mean[i] = cosines[i].clone();
        }
        int[] pair = nearest(groups, mean);
        while (pair.length == 2 && mean[pair[0]][pair[1]] >= threshold) {
            join(groups, mean, pair[0], pair[1]);
            pair = nearest(groups, mean);
        }
        List<List<String>> named = groups.stream()
                .filter(group -> group.size() > 1)
                .sorted(Comparator.comparingInt((List<Integer> group) -> -group.size())
                        .thenComparing(List::getFirst))
                .map(group -> group.stream().sorted().map(names::get).toList())
                .toList();
        return new Clusters(Rounded.six(threshold), Rounded.six(nullCosine), named);
    }

    /** The two groups with the largest mean cosine, the lower index first; empty where there are no two. */
    private static int[] nearest(List<List<Integer>> groups, double[][] mean) {
        int[] best = new int[0];
        for (int i = 0; i < mean.length; i++) {
            for (int j = i + 1; j < mean.length && !groups.get(i).isEmpty(); j++) {
                if (!groups.get(j).isEmpty() && (best.length == 0 || mean[i][j] > mean[best[0]][best[1]])) {
                    best = new int[] {i, j};
                }
            }
        }
        return best;
    }

    /** Moves group b into group a. */
    private static void join(List<List<Integer>> groups, double[][] mean, int a, int b) {
        int sizeA = groups.get(a).size();
        int sizeB = groups.get(b).size();
        for (int k = 0; k < mean.length; k++) {
            mean[a][k] = (sizeA * mean[a][k] + sizeB * mean[b][k]) / (sizeA + sizeB);
            mean[k][a] = mean[a][k];
        }
        groups.get(a).addAll(groups.get(b));
        groups.get(b).clear();
    }
}
