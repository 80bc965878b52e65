package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.InvalidProtocolBufferException;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreKeys;
import java.io.IOException;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;

/**
 * The records that files were encoded into after commits had named them as plain files (store-layout.md, section 7).
 * Commits never change; whoever reads one finds the record in the place of the plain object, which may be gone by then.
 * Stateless but for its store; safe for several threads and processes.
 */
final class EncodingIndex {

    private static final String ENCODED = "encoded/";

    /** What the message has in the place of a path, which the commit gives. */
    private static final String PATH = "file";

    /** Smaller files are left as they came. */
    private static final long LEAST_ENCODED = 4096;

    private final ObjectStore store;

    EncodingIndex(ObjectStore store) {
        this.store = requireNonNull(store, "store is null");
    }

    /** Returns whether a file is one that may be encoded later, or have been. */
    static boolean isCandidate(CommitFile file) {
        return file.kind() == FileKind.PLAIN
                && file.size() >= LEAST_ENCODED
                && FileTypes.isSafetensors(file.path());
    }

    /**
     * Finds the record of a file, as the store has it now.
     *
     * @return the record, at a path that means nothing
     * @throws CorruptStoreException if what is said of the file is damaged
     * @throws IOException if the store can't be read
     */
    Optional<CommitFile> find(Digest sha256) throws IOException {
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
        return store.compareAndSet(key(file.sha256()), null, text(file));
    }

    /**
     * Takes back what was said of a file whose record is gone.
     *
     * @throws IOException if the store can't be written
     */
    void forget(CommitFile gone) throws IOException {
        store.compareAndSet(key(gone.sha256()), text(gone), null);
    }

    /** Takes back what was said of files whose records are deleted. */
    static void forget(ObjectStore store, Set<Digest> deleted, int jobs) throws IOException {
        EncodingIndex index = new EncodingIndex(store);
        Workers.run(jobs, store.keys(ENCODED), key -> {
            Optional<Digest> sha256 = StoreKeys.digest(ENCODED, key);
            Optional<CommitFile> file = sha256.isPresent() ? index.find(sha256.get()) : Optional.empty();
            if (file.isPresent() && deleted.contains(file.get().object()) && !store.exists(file.get().object())) {
                index.forget(file.get());
            }
        });
    }

    private static String key(Digest sha256) {
        return StoreKeys.of(ENCODED, sha256);
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
