package io.weightspan.codec.predict;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Groups of things that are like each other (average linkage; R. Sokal and C. Michener, "A statistical method for
 * evaluating systematic relationships", 1958): the two groups with the largest mean likeness between their members are
 * joined first. Stateless.
 */
public final class AverageLinkage {
    private AverageLinkage() {}

    /**
     * Joins things until no two groups are as like each other as the threshold.
     *
     * @param likeness of each to each, symmetric; its diagonal is not looked at
     * @param threshold groups of this mean likeness, or more, are joined
     * @return the groups of indices, each ascending, the largest first and of those of a size that with the smallest
     *     index; all indices are in one
     */
    public static List<List<Integer>> groups(double[][] likeness, double threshold) {
        int n = likeness.length;
        List<List<Integer>> groups = new ArrayList<>();
        double[][] mean = new double[n][];
        for (int i = 0; i < n; i++) {
            groups.add(new ArrayList<>(List.of(i)));
            mean[i] = likeness[i].clone();
        }
        int[] pair = nearest(groups, mean);
        while (pair.length == 2 && mean[pair[0]][pair[1]] >= threshold) {
            join(groups, mean, pair[0], pair[1]);
            pair = nearest(groups, mean);
        }
        return groups.stream()
                .filter(group -> !group.isEmpty())
                .map(group -> group.stream().sorted().toList())
                .sorted(Comparator.comparingInt((List<Integer> group) -> -group.size())
                        .thenComparing(List::getFirst))
                .toList();
    }

    /** The two groups with the largest mean likeness, the lower index first; empty where there are no two. */
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
