package io.weightspan.codec.container;

import io.weightspan.codec.safetensors.SafetensorsHeader;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.TensorEntry;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A stored container, opened and checked, whose chunks and blocks can be read. Decodes nothing but chunks. Thread-safe
 * but for closing, which must come after every read, and every use of what was read, has ended.
 */
public final class Container implements Closeable {
    private final ByteSource source;
    private final Verification level;
    private final ContainerOpener opener;
    private final ContainerOpener.Opened opened;
    /** For each tensor the number of blocks of all tensors before it; one more entry at the end. */
    private final int[] firstBlock;
    /** For each block of the record its offset; one more entry at the end. */
    private final long[] blockOffsets;

    private Container(ByteSource source, Verification level, ContainerOpener opener, ContainerOpener.Opened opened) {
        this.source = source;
        this.level = level;
        this.opener = opener;
        this.opened = opened;
        List<TensorEntry> entries = opened.index().getTensorsList();
        firstBlock = new int[entries.size() + 1];
        for (int i = 0; i < entries.size(); i++) {
            // The bytes of the index bound the blocks: R-LIM-002 over five bytes each.
            firstBlock[i + 1] = Math.addExact(firstBlock[i], entries.get(i).getBlockLengthsCount());
        }
        blockOffsets = new long[firstBlock[entries.size()] + 1];
        long offset = opened.sections().blocksOffset();
        int at = 0;
        for (TensorEntry entry : entries) {
            for (int block = 0; block < entry.getBlockLengthsCount(); block++) {
                blockOffsets[at++] = offset;
                offset += Integer.toUnsignedLong(entry.getBlockLengths(block));
            }
        }
        blockOffsets[at] = offset;
    }

    /**
     * Opens a container and checks everything but its blocks, tables and scales, in the order of work of section 9 of
     * the format. The container owns the source from here on: it is closed with it, and here if opening fails.
     *
     * @param source the stored bytes
     * @param level  how much to check, here and later. Chunks are read whole and rarely, so that their checksums are
     *               checked at every level; those of blocks only from {@link Verification#CHUNKS} on
     * @return the container, to be closed
     * @throws ContainerException if it is damaged or hostile, with the first code that applies
     * @throws IOException        if its bytes cannot be had
     */
    public static Container open(ByteSource source, Verification level) throws IOException {
        boolean done = false;
        try {
            ContainerOpener opener = new ContainerOpener(source, level);
            Container container = new Container(source, level, opener, opener.open());
            done = true;
            return container;
        } catch (ContainerException e) {
            throw e.in(source.name(), null, -1);
        } finally {
            if (!done) {
                source.close();
            }
        }
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
     * The stored bytes.
     *
     * @return the source; it must not be closed
     */
    public ByteSource source() {
        return source;
    }

    /**
     * How much is checked.
     *
     * @return the level that the container was opened with
     */
    public Verification verification() {
        return level;
    }

    /**
     * The fixed header.
     *
     * @return what it says
     */
    public HeaderLayout.Header header() {
        return opened.header();
    }

    /**
     * The front.
     *
     * @return the message, checked
     */
    public Front front() {
        return opened.front();
    }

    /**
     * The index.
     *
     * @return the message, checked
     */
    public Index index() {
        return opened.index();
    }

    /**
     * Bytes of the original file.
     *
     * @return at most {@link Limits#FILE_BYTES}
     */
    public long fileLength() {
        return opened.front().getFileLength();
    }

    /**
     * Digest of the original file.
     *
     * @return what the front claims
     */
    public Digest fileDigest() {
        return Digest.of(opened.front().getFileSha256());
    }

    /**
     * The original file's safetensors header.
     *
     * @return the parsed header, empty for an opaque file
     */
    public Optional<SafetensorsHeader> safetensors() {
        return Optional.ofNullable(opened.parsed());
    }

    /**
     * The original file's first bytes: the safetensors header and its length.
     *
     * @return read-only bytes, none for an opaque file
     */
    public MemorySegment schema() {
        return opened.schema().asReadOnly();
    }

    /**
     * The tensors.
     *
     * @return all of them in data order, one without a name for an opaque file; unmodifiable
     */
    public List<TensorInfo> tensors() {
        return opened.tensors();
    }

    /**
     * How a tensor is coded.
     *
     * @param tensor index in {@link #tensors()}
     * @return the message, checked
     * @throws IndexOutOfBoundsException if there is no such tensor
     */
    public TensorEntry entry(int tensor) {
        return opened.index().getTensors(tensor);
    }

    /**
     * Digest of a tensor's decoded bytes.
     *
     * @param tensor index in {@link #tensors()}
     * @return what the index claims
     * @throws IndexOutOfBoundsException if there is no such tensor
     */
    public Digest digest(int tensor) {
        int at = Digest.LENGTH * tensor;
        return Digest.of(index().getTensorSha256().substring(at, at + Digest.LENGTH));
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
     * A block's stored bytes, with their checksum checked where the level asks for it (R-ROL-002).
     *
     * @param tensor index in {@link #tensors()}
     * @param block  index among the tensor's blocks
     * @return the bytes to be read only; a view of the source where it gives views
     * @throws IndexOutOfBoundsException if there is no such block
     * @throws ContainerException        {@code CHUNK_CHECKSUM} (R-MSG-008)
     * @throws IOException               if the bytes cannot be had
     */
    public MemorySegment block(int tensor, int block) throws IOException {
        long offset = blockOffset(tensor, block);
        MemorySegment bytes = source.read(offset, blockOffset(tensor, block + 1) - offset);
        if (level.checksBlocks() && Checksums.crc32c(bytes) != index().getBlockCrc32C(firstBlock[tensor] + block)) {
            throw error(ErrorCode.CHUNK_CHECKSUM, "block " + block + " is damaged", tensor, offset, null);
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
            return opener.chunk(index().getTables(), opened.sections().tablesOffset(), "tables");
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
            return opener.chunk(index().getScales(), opened.sections().scalesOffset(), "scales");
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
        return opened.sections().tablesOffset();
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

    @Override
    public void close() throws IOException {
        source.close();
    }
}
