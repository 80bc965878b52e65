package io.weightspan.server.report;

import io.weightspan.codec.analysis.FamilyAnalysis;
import io.weightspan.codec.analysis.FamilyMember;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Role;
import io.weightspan.server.repo.Closer;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import io.weightspan.server.repo.RefName;
import io.weightspan.server.repo.RefusedException;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.StoredFiles;
import io.weightspan.server.store.ObjectStore;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The weight files of a family, opened: of the files at the heads of its repositories' main branches the largest group
 * that agrees in path and in most of its tensors, and the base that most of these name.
 * Closing it closes the files. For one thread.
 */
public final class FamilyFiles implements Closeable {

    private static final String WEIGHTS = ".safetensors";

    private final StoredFiles files;
    private final List<FamilyMember> members = new ArrayList<>();
    private final List<FamilyAnalysis.LeftOut> leftOut = new ArrayList<>();
    private final Closer opened = new Closer();
    private @Nullable FamilyMember base;

    /** A weight file of a repository. */
    private record Weights(RepoId repo, CommitFile file) {}

    /**
     * An opened weight file.
     *
     * @param schema elements of each tensor, by its name and shape
     */
    private record Candidate(Weights weights, DecodedFile decoded, Map<String, Long> schema) {

        /** Whether the tensors in common hold at least half of the elements of either file. */
        boolean agrees(String path, Map<String, Long> with) {
            long common = 0;
            for (Map.Entry<String, Long> tensor : schema.entrySet()) {
                common += with.containsKey(tensor.getKey()) ? tensor.getValue() : 0;
            }
            return weights.file().path().equals(path) && 2 * common >= Math.max(sum(schema), sum(with));
        }

        private static long sum(Map<String, Long> schema) {
            return schema.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    private FamilyFiles(ObjectStore store) {
        files = new StoredFiles(store);
    }

    /**
     * Opens the files at the heads of the main branches of all repositories.
     *
     * @param store the store, which stays the caller's to close after this
     * @param family the family's name
     * @return the files, which the caller closes
     * @throws RefusedException if there is no such family, or it has no weight file
     * @throws IOException if the store can't be read or a record is damaged
     */
    public static FamilyFiles open(ObjectStore store, String family) throws IOException {
        Repositories repositories = new Repositories(store);
        List<Commit> heads = new ArrayList<>();
        for (RepoId repo : repositories.list()) {
            repositories.head(repo, RefName.MAIN).ifPresent(heads::add);
        }
        return open(store, family, heads);
    }

    /**
     * Opens the files of the given commits.
     *
     * @param store the store, which stays the caller's to close after this
     * @param family the family's name
     * @param heads commits of any family, one of a repository, in ascending order of their repositories; the others
     *     only tell the base's name
     * @return the files, which the caller closes
     * @throws RefusedException if there is no such family, or it has no weight file
     * @throws IOException if the store can't be read or a record is damaged
     */
    public static FamilyFiles open(ObjectStore store, String family, List<Commit> heads) throws IOException {
        FamilyFiles found = new FamilyFiles(store);
        try {
            found.choose(family, heads);
            return found;
        } catch (IOException | RuntimeException e) {
            found.close();
            throw e;
        }
    }

    /** Returns the members, in ascending order of their repositories. */
    public List<FamilyMember> members() {
        return members;
    }

    /** Returns the base, or null where no base is named by most members. */
    public @Nullable FamilyMember base() {
        return base;
    }

    /** Returns the weight files of the family that are no members. */
    public List<FamilyAnalysis.LeftOut> leftOut() {
        return leftOut;
    }

    private void choose(String family, List<Commit> heads) throws IOException {
        List<Weights> weights = weights(family, heads);
        Optional<StoredFiles.StoredDependency> common = commonBase(weights);
        List<Candidate> candidates = new ArrayList<>();
        for (Weights each : weights) {
            // A base packed with its fine-tunes is no fine-tune.
            if (common.isEmpty() || !common.get().object().equals(each.file().object())) {
                DecodedFile decoded = opened.add(files.openRecord(each.file(), Verification.CHUNKS));
                candidates.add(new Candidate(each, decoded, schema(decoded)));
            }
        }
        if (candidates.isEmpty()) {
            throw new RefusedException("family " + family + " has no weights in safetensors to analyse");
        }
        group(candidates);
        if (common.isPresent()) {
            StoredFiles.StoredDependency from = common.get();
            DecodedFile decoded = opened.add(files.dependencies().open(from.object(), from.fileSha256()));
            base = new FamilyMember(nameOf(from.object(), heads), decoded);
        }
    }

    private static List<Weights> weights(String family, List<Commit> heads) throws RefusedException {
        List<Weights> weights = new ArrayList<>();
        Set<String> families = new TreeSet<>();
        for (Commit commit : heads) {
            families.add(commit.family());
            for (CommitFile file : commit.files()) {
                if (commit.family().equals(family) && file.kind() == FileKind.RECORD && file.path().endsWith(WEIGHTS)) {
                    weights.add(new Weights(commit.repo(), file));
                }
            }
        }
        if (!families.contains(family)) {
            throw new RefusedException("there is no family " + family + "; the store has "
                    + (families.isEmpty() ? "none" : String.join(", ", families)));
        }
        return weights;
    }

    /** The base that more than half of the files name. */
    private Optional<StoredFiles.StoredDependency> commonBase(List<Weights> weights) throws IOException {
        Map<Digest, Integer> counts = new HashMap<>();
        for (Weights each : weights) {
            for (StoredFiles.StoredDependency needed : files.dependencies(each.file())) {
                boolean isBase = needed.role() == Role.ROLE_BASE;
                if (isBase && 2 * counts.merge(needed.object(), 1, Integer::sum) > weights.size()) {
                    return Optional.of(needed);
                }
            }
        }
        return Optional.empty();
    }

    private static Map<String, Long> schema(DecodedFile file) {
        Map<String, Long> schema = new HashMap<>();
        for (TensorInfo tensor : file.tensors()) {
            if (file.schemaLength() > 0 && tensor.dtype().hasFloatCoding()) {
                schema.put(tensor.shape() + tensor.name(), tensor.elementCount());
            }
        }
        return schema;
    }

    /** Makes members of the largest group, the first of several. */
    private void group(List<Candidate> candidates) {
        List<Candidate> largest = List.of();
        Set<Object> tried = new HashSet<>();
        for (Candidate candidate : candidates) {
            String path = candidate.weights().file().path();
            if (tried.add(List.of(path, candidate.schema()))) {
                List<Candidate> group = candidates.stream()
                        .filter(other -> other.agrees(path, candidate.schema()))
                        .toList();
                largest = group.size() > largest.size() ? group : largest;
            }
        }
        Set<RepoId> repos = new HashSet<>();
        boolean several = candidates.stream().anyMatch(each -> !repos.add(each.weights().repo()));
        for (Candidate candidate : candidates) {
            Weights weights = candidate.weights();
            String name = weights.repo() + (several ? "/" + weights.file().path() : "");
            if (largest.contains(candidate)) {
                members.add(new FamilyMember(name, candidate.decoded()));
            } else {
                leftOut.add(new FamilyAnalysis.LeftOut(
                        name, "its path is another than the members', or most of its tensors are"));
            }
        }
    }

    private static String nameOf(Digest object, List<Commit> heads) {
        for (Commit head : heads) {
            if (head.files().stream().anyMatch(file -> file.object().equals(object))) {
                return head.repo().toString();
            }
        }
        return object.hex().substring(0, 12);
    }

    @Override
    public void close() throws IOException {
        opened.close();
    }
}
