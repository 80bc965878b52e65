package io.weightspan.server.content;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.BlockCache;
import io.weightspan.codec.family.OpaqueFile;
import io.weightspan.codec.family.RecordDecoder;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.server.http.Body;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import io.weightspan.server.repo.StoredFiles;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Opens original files and stored objects as bodies.
 *
 * <p>Keeps decoders of recently read files open, and decoded blocks of small files and of files that predict others.
 * Every stored chunk is checked before it is decoded. Thread-safe.
 */
public final class StoredContent implements Closeable {

    /** Files kept open that nobody reads; each is a mapping and its parsed index. */
    private static final int IDLE_FILES = 32;

    /** A file above this part of the cache's size is served past it, so that one download doesn't empty it. */
    private static final int LARGEST_PART = 4;

    /** Blocks that each open file keeps for readers of small ranges. */
    private static final int RECENT_BLOCKS = 8;

    private final ObjectStore store;
    private final DecodedBlocks sharedBlocks;
    private final DecodeTimes times = new DecodeTimes();
    private final long largestShared;
    private final OpenFiles<Digest> served = new OpenFiles<>(IDLE_FILES);
    private final OpenFiles<Digest> predicting = new OpenFiles<>(IDLE_FILES);

    /**
     * Opens bodies from a store.
     *
     * @param store the store, which stays the caller's to close after this
     * @param cacheBytes bytes of decoded blocks kept in memory, at least 0
     */
    public StoredContent(ObjectStore store, long cacheBytes) {
        this.store = requireNonNull(store, "store is null");
        this.sharedBlocks = new DecodedBlocks(cacheBytes);
        this.largestShared = cacheBytes / LARGEST_PART;
    }

    /**
     * Opens part of an original file.
     *
     * @param file a file of a commit of the store
     * @param offset of the first byte
     * @param length the number of bytes, within the file
     * @throws ContainerException if the record is damaged
     * @throws IOException if the store can't be read or lacks the object
     */
    public Body file(CommitFile file, long offset, long length) throws IOException {
        if (file.kind() == FileKind.PLAIN) {
            return object(file.object(), offset, length);
        }
        OpenFiles<Digest>.Held held = served.take(file.object(), () -> {
            BlockCache blocks = file.size() <= largestShared ? sharedBlocks : BlockCache.recent(RECENT_BLOCKS);
            return decoder(file.object(), file.sha256(), blocks);
        });
        return new Body.Streamed(new DecodedContent(held.file(), held::giveBack, times), offset, length);
    }

    /**
     * Opens part of an object as it is stored.
     *
     * @param object the object's SHA-256
     * @param offset of the first byte
     * @param length the number of bytes, within the object
     * @throws ObjectNotFoundException if the store has no such object
     * @throws IOException if the store can't be read
     */
    public Body object(Digest object, long offset, long length) throws IOException {
        Optional<Path> local = store.localFile(object);
        if (local.isPresent()) {
            return Body.FileRange.open(local.get(), offset, length);
        }
        ByteSource source = store.open(object);
        DecodedFile plain = new OpaqueFile(source);
        return new Body.Streamed(new DecodedContent(plain, plain::close, new DecodeTimes()), offset, length);
    }

    /** Returns what decoding has cost so far. */
    public DecodeTimes times() {
        return times;
    }

    /** Returns how often a decoded block was wanted and in the cache. */
    public long cacheHits() {
        return sharedBlocks.hits();
    }

    /** Returns how often a decoded block was wanted and had to be decoded. */
    public long cacheMisses() {
        return sharedBlocks.misses();
    }

    /** Returns about how many bytes of decoded blocks are kept. */
    public long cachedBytes() {
        return sharedBlocks.bytes();
    }

    @Override
    public void close() throws IOException {
        served.close();
        predicting.close();
    }

    /** Opens a file that predicts another; the decoder that asked closes it. */
    private DecodedFile dependency(Digest object, Digest file) throws IOException {
        OpenFiles<Digest>.Held held = predicting.take(object, () -> decoder(object, file, sharedBlocks));
        return new HeldFile(held.file(), held::giveBack);
    }

    private RecordDecoder decoder(Digest object, Digest file, BlockCache cache) throws IOException {
        ByteSource source = StoredFiles.openDependency(store, object);
        try {
            RecordDecoder decoder = RecordDecoder.open(source, this::dependency, Verification.CHUNKS, cache);
            if (!decoder.fileDigest().equals(file)) {
                throw new ContainerException(
                        ErrorCode.WRONG_DEPENDENCY, "object " + object.hex() + " decodes to another file");
            }
            return decoder;
        } catch (IOException | RuntimeException e) {
            source.close();
            throw e;
        }
    }

    /** A file that others may read too; closing it gives it back. */
    private record HeldFile(DecodedFile file, DecodedContent.Lease lease) implements DecodedFile {

        @Override
        public long length() {
            return file.length();
        }

        @Override
        public List<TensorInfo> tensors() {
            return file.tensors();
        }

        @Override
        public long schemaLength() {
            return file.schemaLength();
        }

        @Override
        public void read(long offset, MemorySegment target) throws IOException {
            file.read(offset, target);
        }

        @Override
        public int depth(int tensor, int most) throws IOException {
            return file.depth(tensor, most);
        }

        @Override
        public void close() throws IOException {
            lease.end();
        }
    }
}
