package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.protobuf.InvalidProtocolBufferException;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The records that files were encoded into after commits had named them as plain files (store-layout.md, section 7).
 * Commits never change; whoever reads one finds the record in the place of the plain object, which may be gone by then.
 * Safe for several threads.
 */
final class Encodings {

    private static final String ENCODED = "encoded/";
    private static final int FOLDER_DIGITS = 2;

    /** What the message has in the place of a path, which the commit gives. */
    private static final String PATH = "file";

    /** Smaller files are left as they came. */
    private static final long LEAST_ENCODED = 4096;

    /** Shorter than the least grace of a collection, which is what a plain object has left once there is a record. */
    private static final Duration ABSENT_TIME = Duration.ofMinutes(1);

    /** A record is forgotten only after nothing has reached it for a time of grace. */
    private static final Duration FOUND_TIME = Duration.ofMinutes(5);

    private static final long CACHED = 100_000;

    private final ObjectStore store;
    private final Cache<Digest, CommitFile> found =
            Caffeine.newBuilder().maximumSize(CACHED).expireAfterWrite(FOUND_TIME).build();
    private final Cache<Digest, Boolean> absent =
            Caffeine.newBuilder().maximumSize(CACHED).expireAfterWrite(ABSENT_TIME).build();

    Encodings(ObjectStore store) {
        this.store = requireNonNull(store, "store is null");
    }

    /** Returns whether a file is one that may be encoded later, or have been. */
    static boolean isCandidate(CommitFile file) {
        return file.kind() == FileKind.PLAIN
                && file.size() >= LEAST_ENCODED
                && FileTypes.isSafetensors(file.path());
    }

    /**
     * Returns a commit as it is stored now: with records in the place of plain files that were encoded since.
     *
     * @throws CorruptStoreException if what is said of a file is damaged
     * @throws IOException if the store can't be read
     */
    Commit resolve(Commit commit) throws IOException {
        if (commit.files().stream().noneMatch(Encodings::isCandidate)) {
            return commit;
        }
        List<CommitFile> files = new ArrayList<>(commit.files().size());
        for (CommitFile file : commit.files()) {
            Optional<CommitFile> record = isCandidate(file) ? find(file.sha256()) : Optional.empty();
            files.add(record.map(one -> one.at(file.path())).orElse(file));
        }
        return commit.with(files);
    }

    private Optional<CommitFile> find(Digest sha256) throws IOException {
        CommitFile known = found.getIfPresent(sha256);
        if (known == null && absent.getIfPresent(sha256) == null) {
            Optional<CommitFile> now = look(sha256);
            now.ifPresentOrElse(file -> found.put(sha256, file), () -> absent.put(sha256, true));
            return now;
        }
        return Optional.ofNullable(known);
    }

    /**
     * Finds the record of a file, as the store has it now.
     *
     * @return the record, at a path that means nothing
     * @throws CorruptStoreException if what is said of the file is damaged
     * @throws IOException if the store can't be read
     */
    Optional<CommitFile> look(Digest sha256) throws IOException {
        String key = key(sha256);
        Optional<String> text = store.value(key);
        return text.isEmpty() ? Optional.empty() : Optional.of(parse(key, sha256, text.get()));
    }

    /**
     * Says that a file is in a record, unless that was said of another one.
     *
     * @param file the record, kept in this session with all that it needs
     * @return whether readers find this record from now on
     * @throws IOException if the store can't be written
     */
    boolean set(CommitFile file) throws IOException {
        boolean isSet = store.compareAndSet(key(file.sha256()), null, text(file));
        absent.invalidate(file.sha256());
        return isSet;
    }

    /**
     * Takes back what was said of a file whose record is gone.
     *
     * @throws IOException if the store can't be written
     */
    void forget(CommitFile gone) throws IOException {
        store.compareAndSet(key(gone.sha256()), text(gone), null);
        found.invalidate(gone.sha256());
    }

    /** Takes back what was said of files whose records are deleted. */
    static void forget(ObjectStore store, Set<Digest> deleted, int jobs) throws IOException {
        Encodings encodings = new Encodings(store);
        Workers.run(jobs, store.keys(ENCODED), key -> {
            String hex = key.substring(ENCODED.length()).replace("/", "");
            Optional<CommitFile> file = Digest.isHex(hex) ? encodings.look(Digest.of(hex)) : Optional.empty();
            if (file.isPresent() && deleted.contains(file.get().object()) && !store.exists(file.get().object())) {
                encodings.forget(file.get());
            }
        });
    }

    private static String key(Digest sha256) {
        String hex = sha256.hex();
        return ENCODED + hex.substring(0, FOLDER_DIGITS) + "/" + hex.substring(FOLDER_DIGITS);
    }

    private static String text(CommitFile file) {
        return Base64.getEncoder().encodeToString(CommitCodec.encode(file.at(PATH)).toByteArray()) + "\n";
    }

    private static CommitFile parse(String key, Digest sha256, String text) throws CorruptStoreException {
        try {
            byte[] bytes = Base64.getDecoder().decode(text.strip());
            CommitFile file = CommitCodec.decode(io.weightspan.format.v1.CommitFile.parseFrom(bytes));
            if (file.kind() == FileKind.RECORD && file.original().isEmpty() && file.sha256().equals(sha256)) {
                return file;
            }
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new CorruptStoreException("the store's value " + key + " is damaged: " + e.getMessage(), e);
        }
        throw new CorruptStoreException("the store's value " + key + " is of another file");
    }
}
