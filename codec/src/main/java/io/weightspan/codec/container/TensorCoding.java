package io.weightspan.codec.container;

import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One coding of a container's tensors: that of the file, or that of the first layer. Decodes nothing but chunks.
 * Thread-safe as the container is.
 */
public final class TensorCoding {
    private final ByteSource source;
    private final Verification level;
    private final ContainerOpener opener;
    private final Front front;
    private final Index index;
    private final List<TensorInfo> tensors;
    private final long tablesOffset;
    /** For each tensor the number of blocks of all tensors before it; one more entry at the end. */
    private final int[] firstBlock;
    /** For each block its offset; one more entry at the end. */
    private final long[] blockOffsets;
    /** Whether one checksum is of all blocks together (R-IDX-013). */
    private final boolean hasOneChecksum;
    /** The stored bytes of all blocks, once they were checked together; at most as many as R-LIM-018 says. */
    private volatile @Nullable MemorySegment checkedBlocks;

    /**
     * Places the blocks.
     *
     * @param source       the stored bytes
     * @param level        how much to check
     * @param opener       reads chunks
     * @param front        the front, checked
     * @param index        the coding's index, checked
     * @param tensors      the tensors in data order
     * @param tablesOffset where the tables chunk lies; the scales chunk and the blocks follow it
     */
    TensorCoding(ByteSource source, Verification level, ContainerOpener opener, Front front, Index index,
            List<TensorInfo> tensors, long tablesOffset) {
        this.source = source;
        this.level = level;
        this.opener = opener;
        this.front = front;
        this.index = index;
        this.tensors = tensors;
        this.tablesOffset = tablesOffset;
        List<TensorEntry> entries = index.getTensorsList();
        firstBlock = new int[entries.size() + 1];
        for (int i = 0; i < entries.size(); i++) {
            // The bytes of the index bound the blocks: R-LIM-002 over five bytes each.
            firstBlock[i + 1] = Math.addExact(firstBlock[i], entries.get(i).getBlockLengthsCount());
        }
        blockOffsets = new long[firstBlock[entries.size()] + 1];
        long offset = scalesOffset() + index.getScales().getStoredLength();
        int at = 0;
        for (TensorEntry entry : entries) {
            for (int block = 0; block < entry.getBlockLengthsCount(); block++) {
                blockOffsets[at++] = offset;
                offset += Integer.toUnsignedLong(entry.getBlockLengths(block));
            }
        }
        blockOffsets[at] = offset;
        hasOneChecksum = IndexChecks.hasOneChecksum(index.getBlockCrc32CCount(), at);
    }

    private long scalesOffset() {
        return tablesOffset + index.getTables().getStoredLength();
    }

    /** End of the last block. */
    long end() {
        return blockOffsets[blockOffsets.length - 1];
    }

    /**
     * What errors call the container.
     *
     * @return the source's name
     */
    public String name() {
        return source.name();
    }

    /**
     * The front.
     *
     * @return the message, checked
     */
    public Front front() {
        return front;
    }

    /**
     * The index.
     *
     * @return the message, checked
     */
    public Index index() {
        return index;
    }

    /**
     * The tensors.
     *
     * @return all of them in data order, one without a name for an opaque file; unmodifiable
     */
    public List<TensorInfo> tensors() {
        return tensors;
    }

    /**
     * How a tensor is coded.
     *
     * @param tensor index in {@link #tensors()}
     * @return the message, checked
     * @throws IndexOutOfBoundsException if there is no such tensor
     */
    public TensorEntry entry(int tensor) {
        return index.getTensors(tensor);
    }

    /**
     * Digest of a tensor's decoded bytes.
     *
     * @param tensor its index
     * @return what the index claims, or empty where it has no digests
     */
    public Optional<Digest> digest(int tensor) {
        if (index().getTensorSha256().isEmpty()) {
            return Optional.empty();
        }
        int at = tensor * Digest.LENGTH;
        return Optional.of(Digest.of(index().getTensorSha256().substring(at, at + Digest.LENGTH)));
    }

    /**
     * A tensor's predictor.
     *
     * @param tensor index in {@link #tensors()}
     * @return one that this library knows
     * @throws IndexOutOfBoundsException if there is no such tensor
     */
    public PredictorKind predictor(int tensor) {
        return PredictorKind.of(entry(tensor).getPredictor()).orElseThrow();
    }

    /**
     * A tensor's residual coding.
     *
     * @param tensor index in {@link #tensors()}
     * @return one that this library knows
     * @throws IndexOutOfBoundsException if there is no such tensor
     */
    public ResidualKind residual(int tensor) {
        return ResidualKind.of(entry(tensor).getResidual()).orElseThrow();
    }

    /**
     * The number of a tensor's blocks.
     *
     * @param tensor index in {@link #tensors()}
     * @return at least 0
     * @throws IndexOutOfBoundsException if there is no such tensor
     */
    public int blockCount(int tensor) {
        return firstBlock[tensor + 1] - firstBlock[tensor];
    }

    /**
     * Where a block lies.
     *
     * @param tensor index in {@link #tensors()}
     * @param block  index among the tensor's blocks; their number itself gives the end of the last one
     * @return an offset in the container
     * @throws IndexOutOfBoundsException if there is no such block
     */
    public long blockOffset(int tensor, int block) {
        if (block < 0 || block > blockCount(tensor)) {
            throw new IndexOutOfBoundsException("block " + block + " of " + blockCount(tensor));
        }
        return blockOffsets[firstBlock[tensor] + block];
    }

    /**
     * Stored bytes of all of a tensor's blocks.
     *
     * @param tensor index in {@link #tensors()}
     * @return at least 0
     * @throws IndexOutOfBoundsException if there is no such tensor
     */
    public long storedLength(int tensor) {
        return blockOffset(tensor, blockCount(tensor)) - blockOffset(tensor, 0);
    }

    /**
     * A block's stored bytes, with their checksum checked where the level asks for it (R-ROL-002); the one of all
     * blocks together is checked once.
     *
     * @param tensor index in {@link #tensors()}
     * @param block  index among the tensor's blocks
     * @return the bytes to be read only; a view of the source where it gives views
     * @throws IndexOutOfBoundsException if there is no such block
     * @throws ContainerException        {@code CHUNK_CHECKSUM} (R-MSG-008, R-IDX-013)
     * @throws IOException               if the bytes cannot be had
     */
    public MemorySegment block(int tensor, int block) throws IOException {
        long offset = blockOffset(tensor, block);
        long length = blockOffset(tensor, block + 1) - offset;
        if (hasOneChecksum && level.checksBlocks()) {
            return checkedBlocks().asSlice(offset - blockOffsets[0], length);
        }
        MemorySegment bytes = source.read(offset, length);
        if (level.checksBlocks() && Checksums.crc32c(bytes) != index().getBlockCrc32C(firstBlock[tensor] + block)) {
            throw error(ErrorCode.CHUNK_CHECKSUM, "block " + block + " is damaged", tensor, offset, null);
        }
        return bytes;
    }

    /** Threads that come at once may each check; what one of them found right serves all. */
    private MemorySegment checkedBlocks() throws IOException {
        MemorySegment bytes = checkedBlocks;
        if (bytes == null) {
            bytes = source.read(blockOffsets[0], end() - blockOffsets[0]);
            if (Checksums.crc32c(bytes) != index().getBlockCrc32C(0)) {
                throw error(ErrorCode.CHUNK_CHECKSUM, "the blocks are damaged", -1, blockOffsets[0], null);
            }
            checkedBlocks = bytes;
        }
        return bytes;
    }

    /**
     * The tables chunk, read and checked anew by each call.
     *
     * @return its bytes to be read only, none where there are no tables
     * @throws ContainerException {@code CHUNK_CHECKSUM} (R-MSG-008)
     * @throws IOException        if the bytes cannot be had
     */
    public MemorySegment tablesChunk() throws IOException {
        try {
            return opener.chunk(index().getTables(), tablesOffset, "tables");
        } catch (ContainerException e) {
            throw e.in(name(), null, -1);
        }
    }

    /**
     * The scales chunk, read, checked and decoded anew by each call.
     *
     * @return the decoded bytes to be read only, none where there are no scales
     * @throws ContainerException {@code CHUNK_CHECKSUM} (R-MSG-008) or {@code MALFORMED_CHUNK} (R-MSG-007)
     * @throws IOException        if the bytes cannot be had
     */
    public MemorySegment scalesChunk() throws IOException {
        try {
            return opener.chunk(index().getScales(), scalesOffset(), "scales");
        } catch (ContainerException e) {
            throw e.in(name(), null, -1);
        }
    }

    /**
     * Where the tables chunk lies, for errors found while it is decoded.
     *
     * @return an offset in the container
     */
    public long tablesOffset() {
        return tablesOffset;
    }

    /**
     * An error in this container (R-ERR-001).
     *
     * @param code   what is wrong
     * @param detail one sentence for people, without the place
     * @param tensor index in {@link #tensors()}, or -1 if there is none
     * @param offset offset in the container, or -1 if not known
     * @param cause  what led to it, or null
     * @return the error, to be thrown
     */
    public ContainerException error(ErrorCode code, String detail, int tensor, long offset,
            @Nullable Throwable cause) {
        return new ContainerException(code, detail, name(), tensor < 0 ? null : tensors().get(tensor).name(), offset,
                cause);
    }

    /**
     * Indexes of the dependencies that the tensors need.
     *
     * @return each once, ascending
     */
    public SortedSet<Integer> usedDependencies() {
        SortedSet<Integer> used = new TreeSet<>();
        for (int t = 0; t < tensors.size(); t++) {
            TensorEntry entry = entry(t);
            PredictorKind predictor = predictor(t);
            boolean centred = predictor == PredictorKind.MODES || predictor == PredictorKind.LOWRANK;
            if (predictor.needsDependency() || centred && entry.getCentred()) {
                used.add(entry.getDependency());
            }
            if (predictor.hasDirections()) {
                entry.getLeftList().forEach(directions -> used.add(directions.getDependency()));
                entry.getRightList().forEach(directions -> used.add(directions.getDependency()));
            }
        }
        return used;
    }
}
