package io.weightspan.server.repo;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Container;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.BasisReference;
import io.weightspan.codec.family.EncodeOptions;
import io.weightspan.codec.family.EncodedRecord;
import io.weightspan.codec.family.Fidelity;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.RecordDecoder;
import io.weightspan.codec.family.RecordEncoder;
import io.weightspan.codec.family.Reference;
import io.weightspan.format.v1.Approximation;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Role;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import io.weightspan.server.store.StoredObject;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Puts single files into a store within one session, each once, and checks what it has put. Safe for several threads.
 */
final class FileStorer {

    /** Smaller files are stored as they are: a container's own structures would eat up the gain. */
    private static final long LEAST_CODED = 4096;

    /** A container of bytes must be smaller than this part of the file; else the file itself is quicker to serve. */
    private static final double WORTH_CODING = 0.95;

    private static final int PIECE = 1 << 20;

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
     * @param approximation what is stored in its place, where that is not the file itself
     * @param shared objects that the record needs and that hold no file
     * @param firstPart the record's first part, where that holds a first layer
     */
    record Stored(
            FileKind kind,
            Digest object,
            long size,
            Optional<Fingerprint> approximation,
            List<SharedObject> shared,
            Optional<FirstPart> firstPart) {
        Stored(FileKind kind, Digest object, long size) {
            this(kind, object, size, Optional.empty(), List.of(), Optional.empty());
        }
    }

    /**
     * Finds a file that is in the store already and can be decoded with what the store has.
     *
     * @throws IOException if the store can't be read; a damaged or missing object is no failure, the file is then not
     *     found
     */
    Optional<Stored> find(Fingerprint file) throws IOException {
        Optional<FileIndex.Hint> hint = index.find(FileIndex.key(file.sha256()));
        if (hint.isEmpty()) {
            return Optional.empty();
        }
        Digest object = hint.get().object();
        OptionalLong size = keptSize(object);
        if (size.isEmpty()) {
            return Optional.empty();
        }
        return switch (hint.get().kind()) {
            case PLAIN ->
                object.equals(file.sha256()) && size.getAsLong() == file.size()
                        ? Optional.of(new Stored(FileKind.PLAIN, object, size.getAsLong()))
                        : Optional.empty();
            case RECORD -> findRecord(file, file, object, size.getAsLong());
        };
    }

    /**
     * Finds what is in the store already in the place of a file and can be decoded with what the store has.
     *
     * @param file the file
     * @param wish how it is asked for
     * @param committed files of commits, by their objects, which spare this to decode them
     * @throws IOException if the store can't be read; a damaged or missing object is no failure, the file is then not
     *     found
     */
    Optional<Stored> find(Fingerprint file, Wish wish, Map<Digest, CommitFile> committed) throws IOException {
        Optional<FileIndex.Hint> hint = index.find(wish.key(file.sha256()));
        if (hint.isEmpty() || hint.get().kind() != FileKind.RECORD) {
            return Optional.empty();
        }
        Digest object = hint.get().object();
        OptionalLong size = keptSize(object);
        if (size.isEmpty()) {
            return Optional.empty();
        }
        try {
            Fingerprint held = held(file, object, wish.coding().fidelity(), committed);
            return held == null ? Optional.empty() : findRecord(file, held, object, size.getAsLong());
        } catch (ContainerException e) {
            return Optional.empty();
        }
    }

    /** The size of an object that a hint leads to, and that maybe no ref reaches; empty where it is gone or going. */
    private OptionalLong keptSize(Digest object) throws IOException {
        return session.keep(object) ? store.size(object) : OptionalLong.empty();
    }

    /** What a record holds in the place of a file, or null if it is of another file or fidelity. */
    private @Nullable Fingerprint held(
            Fingerprint file, Digest object, Fidelity fidelity, Map<Digest, CommitFile> committed)
            throws IOException {
        Front front;
        Digest held;
        long length;
        try (Container container = Container.open(store.open(object), Verification.STRUCTURE)) {
            front = container.front();
            held = container.fileDigest();
            length = container.front().getFileLength();
        }
        if (held.equals(file.sha256())) {
            return file;
        }
        Approximation approximation = front.getApproximation();
        boolean isOfFile = front.hasApproximation()
                && approximation.getOriginalSha256().equals(file.sha256().byteString())
                && fidelity.kind() != Fidelity.Kind.EXACT
                && approximation.getBound() == fidelity.bound();
        if (!isOfFile) {
            return null;
        }
        CommitFile known = committed.get(object);
        return known != null && known.sha256().equals(held)
                ? new Fingerprint(known.size(), held, known.gitOid())
                : new Fingerprint(length, held, gitOid(length, store.open(object)));
    }

    /** A record of the store, if it holds that in the file's place and can be decoded with what the store has. */
    private Optional<Stored> findRecord(Fingerprint file, Fingerprint held, Digest object, long size)
            throws IOException {
        try {
            Optional<FirstPart> firstPart;
            try (Container container = Container.open(store.open(object), Verification.STRUCTURE)) {
                if (!container.fileDigest().equals(held.sha256())) {
                    return Optional.empty();
                }
                firstPart = firstPart(container);
            }
            CommitFile asFile = new CommitFile(
                    "file", held.size(), held.sha256(), held.gitOid(), FileKind.RECORD, object, size);
            List<StoredFiles.StoredDependency> needed = files.dependencies(asFile);
            for (StoredFiles.StoredDependency dependency : needed) {
                if (!session.keep(dependency.object())) {
                    return Optional.empty();
                }
            }
            List<SharedObject> shared = needed.stream()
                    .filter(dependency -> dependency.role() == Role.ROLE_BASIS)
                    .map(dependency -> new SharedObject(dependency.object(), dependency.size()))
                    .toList();
            Optional<Fingerprint> approximation = held.equals(file) ? Optional.empty() : Optional.of(held);
            return Optional.of(new Stored(FileKind.RECORD, object, size, approximation, shared, firstPart));
        } catch (ContainerException e) {
            return Optional.empty();
        }
    }

    private static Optional<FirstPart> firstPart(Container container) throws IOException {
        Optional<Digest> layer = container.layerDigest();
        if (layer.isEmpty()) {
            return Optional.empty();
        }
        long size = container.header().firstPartLength();
        return Optional.of(new FirstPart(size, Digest.sha256(container.source().read(0, size)), layer.get()));
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
     * How files are asked for.
     *
     * @param coding how true and how small
     * @param base SHA-256 of the weight files that they started from
     */
    record Wish(PackCoding coding, List<Digest> base) {
        String key(Digest file) {
            return FileIndex.key(file, coding, base);
        }
    }

    /**
     * What a safetensors file is encoded with.
     *
     * @param references what may predict it; every one is in the store
     * @param basis its family's directions, in the store too
     * @param options the encoder's
     * @param wish how the file was asked for
     */
    record Coding(
            List<Reference> references, Optional<BasisReference> basis, EncodeOptions options, Wish wish) {}

    /**
     * Stores a safetensors file as a record.
     *
     * @param progress hears of the file's bytes
     * @throws ContainerException if it isn't a safetensors file
     * @throws FileChangedException if it doesn't have the fingerprint any more
     * @throws IOException if it can't be read or the store can't be written
     */
    Stored storeTensors(Path path, Fingerprint file, Coding coding, Progress progress) throws IOException {
        Path out = session.newFile();
        EncodedRecord record = RecordEncoder.encode(
                path, coding.references(), coding.basis(), coding.options(), out, progress);
        Stored stored = take(path, file, record, out);
        if (!coding.wish().coding().equals(PackCoding.EXACT)) {
            hint(coding.wish().key(file.sha256()), stored);
        }
        return stored;
    }

    /**
     * Returns the part of the energy of a file's differences that the first layer of a record keeps, or the record
     * where that is all there is.
     *
     * @param record its stored bytes, closed
     * @throws IOException if it can't be read
     */
    static double kept(ByteSource record) throws IOException {
        try (Container container = Container.open(record, Verification.STRUCTURE)) {
            Front front = container.front();
            double left = front.hasLayer()
                    ? front.getLayer().getRelativeError()
                    : front.getApproximation().getRelativeError();
            return 1 - left * left;
        }
    }

    /**
     * Stores a basis, which is no file of any repository.
     *
     * @param record an encoded basis
     * @param out the record's file, from the session
     * @throws IOException if the store can't be written
     */
    SharedObject storeBasis(EncodedRecord record, Path out) throws IOException {
        checkDecodes(out, out);
        StoredObject put = session.take(out, record.objectSha256());
        return new SharedObject(put.digest(), put.size());
    }

    private Stored take(Path path, Fingerprint file, EncodedRecord record, Path out) throws IOException {
        if (!record.originalSha256().equals(file.sha256())) {
            throw new FileChangedException(path);
        }
        Optional<FirstPart> firstPart = checkDecodes(path, out);
        Optional<Fingerprint> approximation = record.fileSha256().equals(file.sha256())
                ? Optional.empty()
                : Optional.of(new Fingerprint(
                        record.fileLength(), record.fileSha256(), gitOid(record.fileLength(), MappedSource.open(out))));
        StoredObject put = session.take(out, record.objectSha256());
        List<SharedObject> shared = new ArrayList<>();
        for (Reference reference : record.dependencies()) {
            if (reference.role() == Role.ROLE_BASIS) {
                Digest basis = reference.objectSha256();
                long size = store.size(basis)
                        .orElseThrow(() -> new ObjectNotFoundException(store.location(), basis));
                shared.add(new SharedObject(basis, size));
            }
        }
        Stored stored = new Stored(FileKind.RECORD, put.digest(), put.size(), approximation, shared, firstPart);
        // A hint leads from a file to an object that holds it, not one like it.
        return approximation.isPresent() ? stored : indexed(file, stored);
    }

    /** What git calls the file that a record decodes to. */
    private String gitOid(long length, ByteSource record) throws IOException {
        MessageDigest sha1 = Fingerprint.gitHash(length);
        try (RecordDecoder decoder = RecordDecoder.open(record, files.dependencies(), Verification.CHUNKS)) {
            MemorySegment piece = MemorySegment.ofArray(new byte[Math.clamp(length, 1, PIECE)]);
            for (long at = 0; at < length; at += piece.byteSize()) {
                MemorySegment part = piece.asSlice(0, Math.min(piece.byteSize(), length - at));
                decoder.read(at, part);
                sha1.update(part.asByteBuffer());
            }
        }
        return HexFormat.of().formatHex(sha1.digest());
    }

    /**
     * Decodes a record that was just written, in full. Nobody must ever learn of a defect of an encoder, or of a
     * reference that was written to, by getting another file back.
     *
     * @return the record's first part, where that holds a first layer
     */
    private Optional<FirstPart> checkDecodes(Path path, Path out) throws IOException {
        try (RecordDecoder decoder =
                RecordDecoder.open(MappedSource.open(out), files.dependencies(), Verification.FULL)) {
            decoder.verify(Progress.NONE);
            return firstPart(decoder.container());
        } catch (ContainerException e) {
            throw new IOException(
                    "what was encoded of " + path + " does not decode to it, so nothing of it is stored; either a file"
                            + " changed while it was being packed, or this is a defect of this program: "
                            + e.getMessage(),
                    e);
        }
    }

    private Stored indexed(Fingerprint file, Stored stored) throws IOException {
        hint(FileIndex.key(file.sha256()), stored);
        return stored;
    }

    private void hint(String key, Stored stored) throws IOException {
        leftovers.hinted(key, stored.object());
        index.set(key, new FileIndex.Hint(stored.kind(), stored.object()));
    }
}
