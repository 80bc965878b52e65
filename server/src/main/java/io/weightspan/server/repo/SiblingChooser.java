package io.weightspan.server.repo;

import io.weightspan.codec.predict.FileSketch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Chooses what may predict each of the files to be encoded: the base's files that share tensors with it, and the most
 * promising siblings among the store's files and those that come before it. Only the encoder knows what is worth its
 * bytes; this only spares it the hopeless. For one thread.
 */
final class SiblingChooser {

    /** Each further sibling costs the encoder one more try a tensor. */
    private static final int MOST_SIBLINGS = 2;

    /**
     * Siblings are at most this deep themselves, so that a chain of a base and siblings, with a layer at its end, stays
     * below R-LIM-014 and a reader opens few records for one.
     */
    static final int DEEPEST_SIBLING = 2;

    private final List<StoredWeights> base;
    private final List<StoredWeights> stored;

    /**
     * Creates a chooser.
     *
     * @param base the base's weight files; may be empty
     * @param stored other weight files of the family that are in the store; may be empty
     */
    SiblingChooser(List<StoredWeights> base, List<StoredWeights> stored) {
        this.base = List.copyOf(base);
        this.stored = stored.stream().filter(weights -> weights.depth() <= DEEPEST_SIBLING).toList();
    }

    /**
     * Fills in what may predict each job; jobs may only refer to those before them. All have sketches.
     *
     * @param jobs the jobs
     * @param mixed adds what each may be a mixture of
     */
    void choose(List<WeightJob> jobs, MixedSiblings mixed) {
        for (int i = 0; i < jobs.size(); i++) {
            choose(jobs.get(i), jobs.subList(0, i));
            mixed.choose(jobs, i);
        }
    }

    private void choose(WeightJob job, List<WeightJob> before) {
        Optional<StoredWeights> likeliest = chooseBase(job);
        List<WeightJob> shallow =
                before.stream().filter(other -> other.depth() <= DEEPEST_SIBLING).toList();
        // The file itself, if it was packed in another way, would leave a layer nothing to say.
        List<StoredWeights> others = stored.stream()
                .filter(weights -> !weights.file().sha256().equals(job.fingerprint().sha256()))
                .toList();
        List<FileSketch> pool = new ArrayList<>();
        others.forEach(weights -> pool.add(weights.sketch()));
        shallow.forEach(other -> pool.add(other.sketch()));
        FileSketch instead = likeliest.map(StoredWeights::sketch).orElse(null);
        for (int chosen : job.sketch().siblings(pool, instead, MOST_SIBLINGS)) {
            if (chosen < others.size()) {
                job.stored().add(others.get(chosen));
            } else {
                job.earlier().add(shallow.get(chosen - others.size()));
            }
        }
    }

    /** Adds the base's files that may predict the job, and returns the one that would save most. */
    private Optional<StoredWeights> chooseBase(WeightJob job) {
        Optional<StoredWeights> best = Optional.empty();
        double most = 0;
        for (StoredWeights weights : base) {
            double saving = job.sketch().saving(weights.sketch(), null);
            boolean sameName = weights.file().path().equals(job.path());
            if (sameName || saving > 0) {
                job.stored().add(weights);
            }
            if (saving > most) {
                most = saving;
                best = Optional.of(weights);
            }
        }
        return best;
    }
}
