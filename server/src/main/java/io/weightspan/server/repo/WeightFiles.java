package io.weightspan.server.repo;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The opened safetensors files of a repository, whose tensors are found by name. Closing it closes the files. */
final class WeightFiles implements Closeable {

    private final String name;
    private final List<Weights> all = new ArrayList<>();
    private final Closer open = new Closer();

    /** An opened file; {@code path} is empty where nobody knows it. */
    record Weights(String path, DecodedFile file, Map<String, TensorInfo> tensors) {

        static Weights of(String path, DecodedFile file) {
            Map<String, TensorInfo> tensors = new HashMap<>();
            file.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
            return new Weights(path, file, tensors);
        }
    }

    private WeightFiles(String name) {
        this.name = name;
    }

    /**
     * Opens those of a commit.
     *
     * @throws RefusedException if it has none, or one that is stored as it is
     * @throws IOException if the store can't be read or a record is damaged
     */
    static WeightFiles of(StoredFiles files, Commit commit) throws IOException {
        return of(files, commit, false);
    }

    /** Opens those of a commit; with {@code layers} what the first layer tells of each file that has one. */
    static WeightFiles of(StoredFiles files, Commit commit, boolean layers) throws IOException {
        WeightFiles opened = new WeightFiles(commit.repo().toString());
        try {
            for (CommitFile file : commit.files()) {
                if (FileTypes.isSafetensors(file.path())) {
                    if (file.kind() != FileKind.RECORD) {
                        throw new RefusedException(
                                file.path() + " of " + commit.repo() + " is not stored as tensors; pack it again");
                    }
                    DecodedFile weights = opened.open.add(
                            layers && file.firstPart().isPresent()
                                    ? files.openFirstLayer(file, Verification.CHUNKS)
                                    : files.openRecord(file, Verification.CHUNKS));
                    opened.all.add(Weights.of(file.path(), weights));
                }
            }
            if (opened.all.isEmpty()) {
                throw new RefusedException(commit.repo() + " has no weights in safetensors");
            }
            return opened;
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /** Opens files by their objects, each with the digest of what it decodes to. */
    static WeightFiles ofObjects(StoredFiles files, Map<Digest, Digest> objects) throws IOException {
        WeightFiles opened = new WeightFiles("the base");
        try {
            for (Map.Entry<Digest, Digest> object : objects.entrySet()) {
                DecodedFile weights = opened.open.add(files.dependencies().open(object.getKey(), object.getValue()));
                opened.all.add(Weights.of("", weights));
            }
            return opened;
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /** Returns what messages call them. */
    String name() {
        return name;
    }

    /** Returns the files in ascending order of path. */
    List<Weights> all() {
        return all;
    }

    /** Finds a tensor: in the file of a path, or else in any other. */
    Optional<TensorSource> find(String path, String tensor) {
        Optional<TensorSource> found = Optional.empty();
        for (Weights weights : all) {
            TensorInfo info = weights.tensors().get(tensor);
            if (info != null && (found.isEmpty() || weights.path().equals(path))) {
                found = Optional.of(new TensorSource(weights.file(), info));
            }
        }
        return found;
    }

    @Override
    public void close() throws IOException {
        open.close();
    }
}
