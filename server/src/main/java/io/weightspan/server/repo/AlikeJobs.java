package io.weightspan.server.repo;

import io.weightspan.codec.predict.AverageLinkage;
import io.weightspan.codec.predict.FileSketch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Groups of files whose differences from their base point the same way, as those of one run or one seed do; told by
 * samples. Stateless.
 */
final class AlikeJobs {
    /** Half of an energy in common is a quarter of it foretold; samples of unrelated files are far below. */
    private static final double ALIKE = 0.5;

    /** Each of so many files is compared with each; further ones with some of each group. */
    private static final int MOST_JOINED = 128;

    private static final int MOST_COMPARED = 8;

    private AlikeJobs() {}

    /**
     * Groups files.
     *
     * @param jobs the files, which have sketches
     * @param base what they started from, or null
     * @param fewest a smaller group is none
     * @return the groups, and last the files that are in none, if there are any; empty if that is all of them or if
     *     all are alike
     */
    static List<List<WeightJob>> groups(List<WeightJob> jobs, @Nullable FileSketch base, int fewest) {
        int n = Math.min(jobs.size(), MOST_JOINED);
        double[][] cosines = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                cosines[i][j] = jobs.get(i).sketch().cosine(jobs.get(j).sketch(), base);
                cosines[j][i] = cosines[i][j];
            }
        }
        List<List<WeightJob>> groups = new ArrayList<>();
        List<WeightJob> rest = new ArrayList<>();
        for (List<Integer> alike : AverageLinkage.groups(cosines, ALIKE)) {
            List<WeightJob> group = new ArrayList<>();
            alike.forEach(index -> group.add(jobs.get(index)));
            if (group.size() >= fewest) {
                groups.add(group);
            } else {
                rest.addAll(group);
            }
        }
        int known = groups.size();
        for (WeightJob job : jobs.subList(n, jobs.size())) {
            List<WeightJob> nearest = nearest(job, groups.subList(0, known), base);
            (nearest == null ? rest : nearest).add(job);
        }
        if (groups.isEmpty() || groups.size() == 1 && rest.isEmpty()) {
            return List.of();
        }
        if (!rest.isEmpty()) {
            groups.add(rest);
        }
        return groups;
    }

    private static @Nullable List<WeightJob> nearest(
            WeightJob job, List<List<WeightJob>> groups, @Nullable FileSketch base) {
        List<WeightJob> best = null;
        double most = ALIKE;
        for (List<WeightJob> group : groups) {
            double mean = group.stream()
                    .limit(MOST_COMPARED)
                    .mapToDouble(other -> job.sketch().cosine(other.sketch(), base))
                    .average()
                    .orElse(0);
            if (mean >= most) {
                best = group;
                most = mean;
            }
        }
        return best;
    }
}
