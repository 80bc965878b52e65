package io.weightspan.codec.family;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Container;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.container.TensorCoding;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.TensorDecoder.Worker;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Front;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Gives the original file of a record, whole or by ranges; a range decodes only the blocks that it touches.
 *
 * <p>Thread-safe until closed. Memory for a call is one block and its prediction, whatever the file's size.
 */
public final class RecordDecoder implements DecodedFile {
    /** Blocks kept for small sequential reads. */
    private static final int RECENT = 8;

    /** Bytes decoded at a time where a tensor has no blocks of its own. */
    private static final int STEP = 1 << 19;

    private final Container container;
    private final TensorCoding coding;
    private final OpenedDependencies dependencies;
    private final RecordTensors decoders;
    private final BlockCache cache;
    private final @Nullable RecordDecoder layer;
    private final Pool<Worker> workers = new Pool<>(Worker::new);

    /** Whether closing this closes the container. */
    private final boolean isOwner;

    /** Decodes one coding of a container; {@code layer} is null where there is none, or where this is the layer's. */
    private RecordDecoder(
            Container container,
            TensorCoding coding,
            OpenedDependencies dependencies,
            @Nullable RecordDecoder layer,
            BlockCache cache,
            boolean isOwner) {
        this.isOwner = isOwner;
        this.container = container;
        this.coding = coding;
        this.dependencies = dependencies;
        this.layer = layer;
        this.cache = cache;
        decoders = new RecordTensors(coding, dependencies, layer);
    }

    /**
     * Opens a record.
     *
     * @param source its stored bytes; closed with the decoder
     * @param dependencies where other objects are found; asked when a tensor that needs one is first read
     * @param level what is checked: of the structure now, of each block when it is read, digests by {@link #verify}
     * @return the decoder
     * @throws io.weightspan.codec.container.ContainerException with the code of the first requirement that the
     *      record breaks
     * @throws IOException if the source fails
     */
    public static RecordDecoder open(ByteSource source, Dependencies dependencies, Verification level)
            throws IOException {
        return open(source, dependencies, level, BlockCache.recent(RECENT));
    }

    /**
     * Opens a record whose decoded blocks are kept in a cache.
     *
     * @param source its stored bytes; closed with the decoder
     * @param dependencies where other objects are found; asked when a tensor that needs one is first read
     * @param level what is checked
     * @param cache keeps decoded blocks; may serve many decoders
     * @return the decoder
     * @throws io.weightspan.codec.container.ContainerException with the code of the first requirement that the
     *      record breaks
     * @throws IOException if the source fails
     */
    public static RecordDecoder open(
            ByteSource source, Dependencies dependencies, Verification level, BlockCache cache) throws IOException {
        Container container = Container.open(source, level);
        OpenedDependencies opened = new OpenedDependencies(container, dependencies);
        RecordDecoder layer = container
                .layer()
                .map(coding -> new RecordDecoder(container, coding, opened, null, cache, false))
                .orElse(null);
        return new RecordDecoder(container, container.coding(), opened, layer, cache, true);
    }

    /**
     * Opens the first layer of a record of which only the first part is at hand.
     *
     * @param source the container's first {@code first_part_length} bytes; closed with the decoder
     * @param dependencies where other objects are found
     * @param level what is checked
     * @return decodes to what {@link #layer} of the whole record does
     * @throws io.weightspan.codec.container.ContainerException if the first part is damaged, or has no layer
     * @throws IOException if the source fails
     */
    public static RecordDecoder openFirstPart(ByteSource source, Dependencies dependencies, Verification level)
            throws IOException {
        Container container = Container.openFirstPart(source, level);
        OpenedDependencies opened = new OpenedDependencies(container, dependencies);
        TensorCoding layer = container.layer().orElseThrow();
        return new RecordDecoder(container, layer, opened, null, BlockCache.recent(RECENT), true);
    }

    /**
     * The file that the first layer decodes to, which is near the original and of the same schema.
     *
     * @return a view of this decoder that need not be closed, or empty where the record has no layer
     */
    public Optional<RecordDecoder> layer() {
        return Optional.ofNullable(layer);
    }

    /**
     * The record's container.
     *
     * @return its structure and stored bytes
     */
    public Container container() {
        return container;
    }

    /**
     * The record's front.
     *
     * @return the message
     */
    public Front front() {
        return container.front();
    }

    /**
     * Digest of the original file, as the record states it.
     *
     * @return SHA-256
     */
    public Digest fileDigest() {
        return isLayer() ? container.layerDigest().orElseThrow() : container.fileDigest();
    }

    @Override
    public long length() {
        return container.fileLength();
    }

    @Override
    public List<TensorInfo> tensors() {
        return container.tensors();
    }

    @Override
    public long schemaLength() {
        return container.schema().byteSize();
    }

    @Override
    public int depth(int tensor, int most) throws IOException {
        return decoders.depth(tensor, most);
    }

    @Override
    public void read(long offset, MemorySegment dst) throws IOException {
        Objects.checkFromIndexSize(offset, dst.byteSize(), length());
        long at = 0;
        long schemaLength = schemaLength();
        if (offset < schemaLength) {
            at = Math.min(dst.byteSize(), schemaLength - offset);
            MemorySegment.copy(container.schema(), offset, dst, 0, at);
        }
        for (int t = at < dst.byteSize() ? tensorAt(offset + at - schemaLength) : 0; at < dst.byteSize(); t++) {
            TensorInfo tensor = tensors().get(t);
            long from = offset + at - schemaLength - tensor.begin();
            long count = Math.min(dst.byteSize() - at, tensor.byteLength() - from);
            readTensor(t, from, dst.asSlice(at, count));
            at += count;
        }
    }

    /** Index of the first tensor that ends after a place in the data. */
    private int tensorAt(long place) {
        int low = 0;
        int high = tensors().size() - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (tensors().get(middle).end() > place) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    private void readTensor(int t, long from, MemorySegment dst) throws IOException {
        if (dst.byteSize() == 0) {
            return;
        }
        if (coding.residual(t) == ResidualKind.EQUAL) {
            if (coding.predictor(t) == PredictorKind.SELF) {
                decoders.checkDepth(t);
                readTensor(coding.entry(t).getSourceTensor(), from, dst);
            } else {
                ElementSource source = decoders.source(t);
                source.file().read(source.file().schemaLength() + source.tensor().begin() + from, dst);
            }
            return;
        }
        Worker worker = workers.take();
        try {
            readBlocks(worker, decoders.decoder(t), from, dst);
        } finally {
            workers.giveBack(worker);
        }
    }

    /**
     * Decodes a block of a tensor that numbers make.
     *
     * @param t the tensor
     * @param block its block, of as many elements as any float residual's
     * @param out receives all of it
     * @param sums receives what its elements were before they were rounded
     */
    void decodeBlock(int t, int block, MemorySegment out, float[] sums) throws IOException {
        Worker worker = workers.take();
        try {
            decoders.decoder(t).decode(worker, block, out, sums);
        } finally {
            workers.giveBack(worker);
        }
    }

    private void readBlocks(Worker worker, TensorDecoder decoder, long from, MemorySegment dst) throws IOException {
        long length = tensors().get(decoder.index()).byteLength();
        int blockBytes = decoder.blockBytes();
        for (long at = 0; at < dst.byteSize();) {
            int block = Math.toIntExact((from + at) / blockBytes);
            long begin = (long) block * blockBytes;
            long size = Math.min(blockBytes, length - begin);
            long skip = from + at - begin;
            long count = Math.min(size - skip, dst.byteSize() - at);
            MemorySegment part = dst.asSlice(at, count);
            boolean whole = count == size;
            BlockCache.Key key = new BlockCache.Key(fileDigest(), decoder.index(), block);
            MemorySegment known = whole && !cache.keepsWholeBlocks() ? null : cache.get(key);
            if (known != null) {
                MemorySegment.copy(known, skip, part, 0, count);
            } else if (whole && !cache.keepsWholeBlocks()) {
                decoder.decode(worker, block, part);
            } else {
                // On the heap, where the collector sees what a cache lets go; native memory would pile up between
                // collections.
                MemorySegment decoded = MemorySegment.ofArray(new byte[Math.toIntExact(size)]);
                decoder.decode(worker, block, decoded);
                cache.put(key, decoded);
                MemorySegment.copy(decoded, skip, part, 0, count);
            }
            at += count;
        }
    }

    /**
     * Decodes everything and compares every digest (level FULL), whatever level the record was opened with.
     *
     * @param progress hears of the decoded bytes
     * @throws io.weightspan.codec.container.ContainerException {@code TENSOR_DIGEST} or {@code FILE_DIGEST} where a
     *      digest differs, or what decoding throws
     * @throws IOException if a source fails
     */
    public void verify(Progress progress) throws IOException {
        MessageDigest fileHash = Digest.newHash();
        Digest.update(fileHash, container.schema());
        progress.advance(schemaLength());
        MemorySegment buffer = Arena.ofAuto().allocate(STEP);
        for (int t = 0; t < tensors().size(); t++) {
            MessageDigest hash = Digest.newHash();
            long length = tensors().get(t).byteLength();
            long step = coding.residual(t) == ResidualKind.EQUAL
                    ? STEP
                    : Math.min(decoders.decoder(t).blockBytes(), STEP);
            for (long at = 0; at < length; at += step) {
                MemorySegment part = buffer.asSlice(0, Math.min(step, length - at));
                readTensor(t, at, part);
                Digest.update(hash, part);
                Digest.update(fileHash, part);
                progress.advance(part.byteSize());
            }
            Optional<Digest> wanted = isLayer() ? Optional.empty() : coding.digest(t);
            if (wanted.isPresent() && !Digest.finish(hash).equals(wanted.get())) {
                throw coding.error(ErrorCode.TENSOR_DIGEST, "decoded tensor has another digest", t, -1, null);
            }
        }
        decoders.checkShared();
        if (!Digest.finish(fileHash).equals(fileDigest())) {
            String what = isLayer() ? "the layer's decoded file" : "decoded file";
            throw coding.error(ErrorCode.FILE_DIGEST, what + " has another digest", -1, -1, null);
        }
        if (layer != null) {
            layer.verify(Progress.NONE);
        }
    }

    private boolean isLayer() {
        return container.layer().filter(coding::equals).isPresent();
    }

    @Override
    public void close() throws IOException {
        if (isOwner) {
            try (container) {
                dependencies.close();
            }
        }
    }
}
