package io.weightspan.server.repo;

import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.FactorPair;
import io.weightspan.codec.basis.Mixture;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds adapters of which another is a mixture: whose product is nearly the same, though no weight is. What tells is
 * the first right factor of each. For one thread.
 */
final class MixedSiblings {

    /** Of so many of those before it at most each file is tried. */
    private static final int MOST_TRIED = 64;

    /** As the encoder has it: what saves a bit a weight. */
    private static final double MOST_LEFT = 0.5;

    /** A mixture's sibling is at most this deep, as a layer and what is upon it come above. */
    private static final int DEEPEST = 2;

    private final StoredFiles files;
    private final List<StoredWeights> stored;
    private final List<Optional<Rows>> ofStored = new ArrayList<>();
    private final List<Optional<Rows>> ofJobs = new ArrayList<>();

    /**
     * Prepares to find.
     *
     * @param files opens files of the store
     * @param stored those of the same families
     */
    MixedSiblings(StoredFiles files, List<StoredWeights> stored) {
        this.files = files;
        this.stored = List.copyOf(stored);
    }

    /** The first right factor of a file, row by row. */
    private record Rows(String name, int length, float[] values) {}

    /**
     * Reads what tells of files.
     *
     * @param jobs the files in order; each may refer to those before it
     * @throws IOException if a file can't be read
     */
    void read(List<WeightJob> jobs) throws IOException {
        for (StoredWeights weights : stored.subList(0, Math.min(stored.size(), MOST_TRIED))) {
            try (DecodedFile file = files.open(weights.file())) {
                ofStored.add(weights.depth() <= DEEPEST ? rows(file) : Optional.empty());
            }
        }
        for (WeightJob job : jobs) {
            try (SafetensorsFile file = SafetensorsFile.open(job.file())) {
                ofJobs.add(rows(file));
            }
        }
    }

    /** Adds to a job the sibling that it is nearest to being a mixture of. What else predicts it is chosen already. */
    void choose(List<WeightJob> jobs, int i) {
        if (ofJobs.get(i).isEmpty()) {
            return;
        }
        WeightJob job = jobs.get(i);
        Rows own = ofJobs.get(i).orElseThrow();
        double least = MOST_LEFT;
        int best = -1;
        for (int s = 0; s < ofStored.size(); s++) {
            boolean isItself = stored.get(s).file().sha256().equals(job.fingerprint().sha256());
            double left = left(own, ofStored.get(s));
            if (!isItself && left < least) {
                least = left;
                best = s;
            }
        }
        int bestJob = -1;
        for (int j = Math.max(0, i - MOST_TRIED); j < i; j++) {
            double left = jobs.get(j).depth() <= DEEPEST ? left(own, ofJobs.get(j)) : 1;
            if (left < least) {
                least = left;
                bestJob = j;
            }
        }
        if (bestJob >= 0) {
            job.mixture(jobs.get(bestJob));
        } else if (best >= 0) {
            job.mixture(stored.get(best));
        }
    }

    private static double left(Rows own, Optional<Rows> other) {
        boolean fits = other.isPresent()
                && other.get().name().equals(own.name())
                && other.get().length() == own.length();
        return fits ? Mixture.of(own.values(), other.get().values(), own.length()).left() : 1;
    }

    private static Optional<Rows> rows(DecodedFile file) throws IOException {
        List<FactorPair> pairs = FactorPair.of(file.tensors());
        if (pairs.isEmpty()) {
            return Optional.empty();
        }
        int index = pairs.getFirst().right();
        TensorInfo tensor = file.tensors().get(index);
        int count = (int) tensor.rows(1);
        int length = (int) tensor.columns(1);
        return Directions.ofTensor(file, index, 1, false, count, length)
                .map(rows -> new Rows(tensor.name(), length, rows.values()));
    }
}
