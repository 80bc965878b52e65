package io.weightspan.server.repo;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Container;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.EncodeOptions;
import io.weightspan.codec.family.EncodedRecord;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.RecordDecoder;
import io.weightspan.codec.family.RecordEncoder;
import io.weightspan.codec.family.Reference;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import io.weightspan.server.store.StoredObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Puts single files into a store within one session, each once, and checks what it has put. Safe for several threads.
 */
final class FileStorer {

    /** Smaller files are stored as they are: a container's own structures would eat up the gain. */
    private static final long LEAST_CODED = 4096;

    /** A container of bytes must be smaller than this part of the file; else the file itself is quicker to serve. */
    private static final double WORTH_CODING = 0.95;

    private final ObjectStore store;
    private final StoreSession session;
    private final StoredFiles files;
    private final FileIndex index;
    private final Leftovers leftovers;

    FileStorer(ObjectStore store, StoreSession session, Leftovers leftovers) {
        this.store = store;
        this.session = session;
        this.files = new StoredFiles(store);
        this.index = new FileIndex(store);
        this.leftovers = leftovers;
    }

    /**
     * A file as it is stored.
     *
     * @param kind how
     * @param object the object that holds it
     * @param size the object's bytes
     */
    record Stored(FileKind kind, Digest object, long size) {}

    /**
     * Finds a file that is in the store already and can be decoded with what the store has.
     *
     * @throws IOException if the store can't be read; a damaged or missing object is no failure, the file is then not
     *     found
     */
    Optional<Stored> find(Fingerprint file) throws IOException {
        Optional<FileIndex.Hint> hint = index.find(file.sha256());
        if (hint.isEmpty()) {
            return Optional.empty();
        }
        Digest object = hint.get().object();
        OptionalLong size = store.size(object);
        if (size.isEmpty()) {
            return Optional.empty();
        }
        boolean usable = switch (hint.get().kind()) {
            case PLAIN -> object.equals(file.sha256()) && size.getAsLong() == file.size();
            case RECORD -> isDecodable(file, object, size.getAsLong());
        };
        return usable ? Optional.of(new Stored(hint.get().kind(), object, size.getAsLong())) : Optional.empty();
    }

    /**
     * Stores a file as it is.
     *
     * @throws FileChangedException if it doesn't have the fingerprint any more
     * @throws IOException if it can't be read or the store can't be written
     */
    Stored storePlain(Path path, Fingerprint file) throws IOException {
        StoredObject put = session.put(path);
        if (!put.digest().equals(file.sha256())) {
            throw new FileChangedException(path);
        }
        return indexed(file, new Stored(FileKind.PLAIN, put.digest(), put.size()));
    }

    /**
     * Stores a file as a container of bytes, or as it is where that is hardly larger.
     *
     * @throws FileChangedException if it doesn't have the fingerprint any more
     * @throws IOException if it can't be read or the store can't be written
     */
    Stored storeBytes(Path path, Fingerprint file, int threads) throws IOException {
        if (file.size() >= LEAST_CODED) {
            Path out = session.newFile();
            EncodeOptions options = EncodeOptions.DEFAULT.withThreads(threads);
            EncodedRecord record = RecordEncoder.encodeOpaque(path, options, out, Progress.NONE);
            if (record.storedLength() < WORTH_CODING * file.size()) {
                return take(path, file, record, out);
            }
            Files.delete(out);
        }
        return storePlain(path, file);
    }

    /**
     * Stores a safetensors file as a record.
     *
     * @param references what may predict it; every one is in the store
     * @param progress hears of the file's bytes
     * @throws ContainerException if it isn't a safetensors file
     * @throws FileChangedException if it doesn't have the fingerprint any more
     * @throws IOException if it can't be read or the store can't be written
     */
    Stored storeTensors(Path path, Fingerprint file, List<Reference> references, int threads, Progress progress)
            throws IOException {
        Path out = session.newFile();
        EncodeOptions options = EncodeOptions.DEFAULT.withThreads(threads);
        return take(path, file, RecordEncoder.encode(path, references, options, out, progress), out);
    }

    private Stored take(Path path, Fingerprint file, EncodedRecord record, Path out) throws IOException {
        if (!record.fileSha256().equals(file.sha256())) {
            throw new FileChangedException(path);
        }
        checkDecodes(path, out);
        StoredObject put = session.take(out, record.objectSha256());
        return indexed(file, new Stored(FileKind.RECORD, put.digest(), put.size()));
    }

    /**
     * Decodes a record that was just written, in full. Nobody must ever learn of a defect of an encoder, or of a
     * reference that was written to, by getting another file back.
     */
    private void checkDecodes(Path path, Path out) throws IOException {
        try (RecordDecoder decoder =
                RecordDecoder.open(MappedSource.open(out), files.dependencies(), Verification.FULL)) {
            decoder.verify(Progress.NONE);
        } catch (ContainerException e) {
            throw new IOException(
                    "what was encoded of " + path + " does not decode to it, so nothing of it is stored; either a file"
                            + " changed while it was being packed, or this is a defect of this program: "
                            + e.getMessage(),
                    e);
        }
    }

    private boolean isDecodable(Fingerprint file, Digest object, long size) throws IOException {
        try (ByteSource source = store.open(object);
                Container container = Container.open(source, Verification.STRUCTURE)) {
            if (!container.fileDigest().equals(file.sha256())) {
                return false;
            }
        } catch (ContainerException e) {
            return false;
        }
        CommitFile asFile = new CommitFile(
                "file", file.size(), file.sha256(), file.gitOid(), FileKind.RECORD, object, size);
        try {
            files.dependencies(asFile);
            return true;
        } catch (ContainerException e) {
            return false;
        }
    }

    private Stored indexed(Fingerprint file, Stored stored) throws IOException {
        leftovers.hinted(file.sha256(), stored.object());
        index.set(file.sha256(), new FileIndex.Hint(stored.kind(), stored.object()));
        return stored;
    }
}
