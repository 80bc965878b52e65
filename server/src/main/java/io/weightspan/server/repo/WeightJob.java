package io.weightspan.server.repo;

import io.weightspan.codec.family.BasisReference;
import io.weightspan.codec.predict.FileSketch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One distinct safetensors file that is to be encoded, with what may predict it. Built by one thread. */
final class WeightJob {

    private final String path;
    private final Path file;
    private final Fingerprint fingerprint;
    private final List<StoredWeights> stored = new ArrayList<>();
    private final List<WeightJob> earlier = new ArrayList<>();
    private boolean isMixture;
    private Optional<BasisReference> basis = Optional.empty();
    private @Nullable FileSketch sketch;
    private FileStorer.@Nullable Stored result;

    /**
     * Creates a job.
     *
     * @param path the file's path in its repository
     * @param file where it is
     * @param fingerprint what its bytes were when they were read
     */
    WeightJob(String path, Path file, Fingerprint fingerprint) {
        this.path = path;
        this.file = file;
        this.fingerprint = fingerprint;
    }

    String path() {
        return path;
    }

    Path file() {
        return file;
    }

    Fingerprint fingerprint() {
        return fingerprint;
    }

    /** Returns the files of the store that may predict this one. */
    List<StoredWeights> stored() {
        return stored;
    }

    /** Returns the jobs whose files may predict this one, and that must be done before it. */
    List<WeightJob> earlier() {
        return earlier;
    }

    /** Adds a file of this run that this one is nearly a mixture of. */
    void mixture(WeightJob other) {
        if (!earlier.contains(other)) {
            earlier.add(other);
        }
        isMixture = true;
    }

    /** Adds a file of the store that this one is nearly a mixture of. */
    void mixture(StoredWeights other) {
        if (!stored.contains(other)) {
            stored.add(other);
        }
        isMixture = true;
    }

    /** Returns the directions that its family shares. */
    Optional<BasisReference> basis() {
        return basis;
    }

    void basis(BasisReference chosen) {
        basis = Optional.of(chosen);
    }

    FileSketch sketch() {
        if (sketch == null) {
            throw new IllegalStateException(path + " has no sketch yet");
        }
        return sketch;
    }

    void sketch(FileSketch made) {
        sketch = made;
    }

    FileStorer.Stored result() {
        if (result == null) {
            throw new IllegalStateException(path + " is not encoded yet");
        }
        return result;
    }

    void done(FileStorer.Stored made) {
        result = made;
    }

    /** Returns about how deep its record will be (R-DEC-005), by its references; directions are chosen later. */
    int depth() {
        int most = 0;
        for (StoredWeights weights : stored) {
            most = Math.max(most, weights.depth() + 1);
        }
        for (WeightJob job : earlier) {
            most = Math.max(most, job.depth() + 1);
        }
        // What a sibling's rows are mixed to is a layer, and the file is coded upon that.
        most += isMixture ? 1 : 0;
        return most;
    }

    /** Returns how many jobs in a row must be done before this one. */
    int wave() {
        return earlier.stream().mapToInt(job -> job.wave() + 1).max().orElse(0);
    }
}
