package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds what a store has of a file's family: what its model's card says it started from, and files of the same tensors.
 *
 * <p>Whoever may read a record may read the records that it needs, and the record of a file stands for it in every
 * repository that has the file. So nothing of a private or gated repository is found. Safe for several threads.
 */
final class FamilyMembers {

    /** More of them cost more to look into than the best of them saves. */
    private static final int MOST_SIBLINGS = 32;

    /** Files of the same tensors differ by no more than what their headers say beside them. */
    private static final long HEADER_ROOM = 1 << 20;

    private static final long CACHED = 100_000;

    private final Repositories repositories;
    private final StoredFiles files;

    /** What tensors a record has, by its object. */
    private final Cache<Digest, Digest> schemas = Caffeine.newBuilder().maximumSize(CACHED).build();

    FamilyMembers(Repositories repositories) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.files = new StoredFiles(repositories.store());
    }

    /**
     * What may predict a file.
     *
     * @param base the weight files that it started from, each a record
     * @param siblings others of the same tensors, each a record
     */
    record Family(List<CommitFile> base, List<CommitFile> siblings) {}

    /**
     * Returns what a repository's files started from and is no record.
     *
     * @return the SHA-256 of the files
     * @throws IOException if the store can't be read
     */
    List<Digest> unready(RepoId repo) throws IOException {
        return baseFiles(repo).stream()
                .filter(file -> file.kind() == FileKind.PLAIN)
                .map(CommitFile::sha256)
                .toList();
    }

    /**
     * Finds the family of a file.
     *
     * @param repo the repository that has it
     * @param file the file
     * @param tensors its tensors
     * @throws IOException if the store can't be read
     */
    Family of(RepoId repo, CommitFile file, List<TensorInfo> tensors) throws IOException {
        Map<Digest, CommitFile> base = new LinkedHashMap<>();
        for (CommitFile one : baseFiles(repo)) {
            if (one.kind() == FileKind.RECORD && sharesTensors(one, tensors)) {
                base.put(one.object(), one);
            }
        }
        Map<Digest, CommitFile> siblings = new LinkedHashMap<>();
        Digest schema = schema(tensors);
        for (CommitFile one : candidates(repo, file)) {
            if (siblings.size() < MOST_SIBLINGS
                    && !base.containsKey(one.object())
                    && schemaOf(one).filter(schema::equals).isPresent()) {
                siblings.put(one.object(), one);
            }
        }
        return new Family(List.copyOf(base.values()), inOrder(siblings.values()));
    }

    private static List<CommitFile> inOrder(Collection<CommitFile> found) {
        return found.stream().sorted(Comparator.comparing(CommitFile::object)).toList();
    }

    private List<CommitFile> baseFiles(RepoId repo) throws IOException {
        List<CommitFile> found = new ArrayList<>();
        Optional<Commit> head = repositories.head(repo, RefName.MAIN);
        for (RepoId base : head.isPresent() ? ModelCard.bases(head.get(), files) : List.<RepoId>of()) {
            Optional<Commit> there = base.equals(repo) ? Optional.empty() : head(base);
            there.ifPresent(commit -> commit.files().stream()
                    .filter(file -> FileTypes.isSafetensors(file.path()))
                    .forEach(found::add));
        }
        return found;
    }

    /** Records of about the file's size: of its own repository's history, newest first, and of others' heads. */
    private List<CommitFile> candidates(RepoId repo, CommitFile file) throws IOException {
        List<Commit> commits = new ArrayList<>();
        if (mayUse(repo)) {
            commits.addAll(repositories.reachable(repo));
            commits.sort(Comparator.comparing(Commit::time).reversed());
        }
        for (RepoId other : repositories.list()) {
            if (!other.equals(repo)) {
                head(other).ifPresent(commits::add);
            }
        }
        return commits.stream()
                .flatMap(commit -> commit.files().stream())
                .filter(one -> one.kind() == FileKind.RECORD && FileTypes.isSafetensors(one.path()))
                .filter(one -> Math.abs(one.size() - file.size()) < HEADER_ROOM)
                .toList();
    }

    /** The head of a repository that may be used; empty if it is damaged, which verify tells of. */
    private Optional<Commit> head(RepoId repo) throws IOException {
        try {
            return mayUse(repo) ? repositories.head(repo, RefName.MAIN) : Optional.empty();
        } catch (CorruptStoreException e) {
            return Optional.empty();
        }
    }

    private boolean mayUse(RepoId repo) throws IOException {
        return !repositories.settings(repo).isRestricted();
    }

    private boolean sharesTensors(CommitFile file, List<TensorInfo> tensors) throws IOException {
        Set<String> wanted = tensors.stream().map(FamilyMembers::line).collect(Collectors.toSet());
        try (DecodedFile decoded = files.open(file)) {
            return decoded.tensors().stream().map(FamilyMembers::line).anyMatch(wanted::contains);
        }
    }

    /** What tensors a record has; empty if it is damaged, which verify tells of. */
    private Optional<Digest> schemaOf(CommitFile file) throws IOException {
        Digest known = schemas.getIfPresent(file.object());
        if (known != null) {
            return Optional.of(known);
        }
        try (DecodedFile decoded = files.open(file)) {
            Digest schema = schema(decoded.tensors());
            schemas.put(file.object(), schema);
            return Optional.of(schema);
        } catch (ContainerException | CorruptStoreException e) {
            return Optional.empty();
        }
    }

    private static Digest schema(List<TensorInfo> tensors) {
        String text = tensors.stream().map(FamilyMembers::line).sorted().collect(Collectors.joining("\n"));
        return Digest.sha256(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String line(TensorInfo tensor) {
        return tensor.dtype() + " " + tensor.shape() + " " + tensor.name();
    }
}
