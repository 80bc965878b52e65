package io.weightspan.codec.container;

import com.google.protobuf.ByteString;
import io.weightspan.codec.container.HeaderLayout.Header;
import io.weightspan.codec.container.TrailerLayout.Trailer;
import io.weightspan.codec.safetensors.SafetensorsHeader;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Chunk;
import io.weightspan.format.v1.ChunkCoding;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.TableSet;
import io.weightspan.format.v1.TensorEntry;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a container strictly forward: the front and the schema when it is created, then the tables, the scales and
 * each tensor's blocks, and the index at last. Hashes what it writes, so that the object's name is known at the end.
 * Nothing that a reader would refuse is finished: front and index are checked as a reader checks them. For one thread.
 *
 * <p>The calls in order: {@link #tables} and {@link #scales} where there are any; for each tensor in data order
 * {@link #appendBlock} for each of its blocks and then {@link #endTensor}; {@link #finish}; {@link #close}.
 */
public final class ContainerWriter implements Closeable {
    /** Schemas up to this size are compressed as well as zstd can; longer ones at a level that takes no seconds. */
    private static final int SMALL_SCHEMA = 256 << 10;
    private static final int SMALL_LEVEL = 19;
    private static final int FAST_LEVEL = 9;

    private final HashingOutput out;
    private final List<TensorInfo> tensors;
    private final int dependencies;
    private final Index.Builder index = Index.newBuilder();
    private final List<ByteString> digests = new ArrayList<>();
    private TensorEntry.Builder blocks = TensorEntry.newBuilder();
    private Stage stage = Stage.TABLES;

    private enum Stage {
        TABLES, SCALES, BLOCKS, FINISHED
    }

    private ContainerWriter(HashingOutput out, List<TensorInfo> tensors, int dependencies) {
        this.out = out;
        this.tensors = tensors;
        this.dependencies = dependencies;
    }

    /**
     * What was written.
     *
     * @param object SHA-256 of the stored bytes
     * @param length how many there are
     */
    public record Written(Digest object, long length) {}

    /**
     * Creates a container in a new file.
     *
     * @param file   where to; must not exist
     * @param front  as for {@link #create(WritableByteChannel, Front, MemorySegment)}
     * @param schema likewise
     * @return the writer, to be closed; what it leaves without {@link #finish} is no container and the caller's to
     *         delete
     * @throws ContainerException likewise; the file was not created then
     * @throws IOException        if the file exists or cannot be written
     */
    public static ContainerWriter create(Path file, Front front, MemorySegment schema) throws IOException {
        Start start = start(front, schema);
        return begin(FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), start);
    }

    /**
     * Creates a container in a channel.
     *
     * @param channel takes the bytes; closed with the writer
     * @param front   the message but for its schema chunk, which the writer fills in
     * @param schema  the original file's first 8 + N bytes, none for {@code LAYOUT_OPAQUE}; not kept
     * @return the writer, to be closed
     * @throws ContainerException if the front or the schema is one that a reader refuses
     * @throws IOException        if the channel fails
     */
    public static ContainerWriter create(WritableByteChannel channel, Front front, MemorySegment schema)
            throws IOException {
        return begin(channel, start(front, schema));
    }

    /** The first part of a container, ready to be written. */
    private record Start(Front front, MemorySegment schemaChunk, List<TensorInfo> tensors) {}

    private static Start start(Front front, MemorySegment schema) throws ContainerException {
        Front.Builder builder = front.toBuilder().clearSchema();
        Encoded encoded = new Encoded(MemorySegment.ofArray(new byte[0]), Chunk.getDefaultInstance());
        if (schema.byteSize() > 0) {
            FrontChecks.limit(schema.byteSize(), Limits.JSON_BYTES + Long.BYTES, "bytes of the schema");
            encoded = encode(schema, schema.byteSize() <= SMALL_SCHEMA ? SMALL_LEVEL : FAST_LEVEL);
            builder.setSchema(encoded.chunk());
        }
        Front complete = builder.build();
        FrontChecks.limit(complete.getSerializedSize(), Limits.FRONT_BYTES, "bytes of the front");
        FrontChecks.limits(complete);
        FrontChecks.requirements(complete);
        List<TensorInfo> tensors = complete.hasSchema()
                ? SafetensorsHeader.parse(schema, complete.getFileLength() - schema.byteSize()).tensors()
                : List.of(TensorInfo.opaque(complete.getFileLength()));
        return new Start(complete, encoded.bytes(), tensors);
    }

    private static ContainerWriter begin(WritableByteChannel channel, Start start) throws IOException {
        HashingOutput out = new HashingOutput(channel);
        ContainerWriter writer = new ContainerWriter(out, start.tensors(), start.front().getDependenciesCount());
        boolean done = false;
        try {
            writer.writeStart(start);
            done = true;
            return writer;
        } finally {
            if (!done) {
                out.close();
            }
        }
    }

    private void writeStart(Start start) throws IOException {
        MemorySegment front = MemorySegment.ofArray(start.front().toByteArray());
        long frontEnd = HeaderLayout.LENGTH + front.byteSize();
        long firstPart = Sections.align(frontEnd) + start.schemaChunk().byteSize();
        MemorySegment header = MemorySegment.ofArray(new byte[HeaderLayout.LENGTH]);
        HeaderLayout.write(new Header(front.byteSize(), 0, 0, 0, firstPart, Checksums.crc32c(front)), header);
        out.write(header);
        out.write(front);
        out.pad();
        out.write(start.schemaChunk());
        out.pad();
    }

    /**
     * Writes the tables chunk.
     *
     * @param bytes the coded tables, at least one; not kept
     * @param count how many tables they are
     * @throws IllegalStateException if it is too late for tables
     * @throws IOException           if the channel fails
     */
    public void tables(byte[] bytes, int count) throws IOException {
        advance(Stage.TABLES, Stage.SCALES);
        MemorySegment stored = MemorySegment.ofArray(bytes);
        out.write(stored);
        index.setTableCount(count).setTables(chunk(stored, stored.byteSize(), ChunkCoding.CHUNK_CODING_RAW));
    }

    /**
     * Writes the scales chunk, compressed if that makes it smaller.
     *
     * @param bytes the row and column scales of all tensors (R-SCL-001), at least one; not kept
     * @throws IllegalStateException if it is too late for scales
     * @throws IOException           if the channel fails
     */
    public void scales(byte[] bytes) throws IOException {
        advance(Stage.SCALES, Stage.BLOCKS);
        Encoded encoded = encode(MemorySegment.ofArray(bytes), FAST_LEVEL);
        out.write(encoded.bytes());
        index.setScales(encoded.chunk());
    }

    /**
     * Writes the next block of the tensor at hand.
     *
     * @param bytes its stored bytes, fewer than 2^32; not kept
     * @throws IllegalStateException    if the container is finished
     * @throws IllegalArgumentException if the block is too long
     * @throws IOException              if the channel fails
     */
    public void appendBlock(MemorySegment bytes) throws IOException {
        advance(Stage.BLOCKS, Stage.BLOCKS);
        if (bytes.byteSize() >>> Integer.SIZE != 0) {
            throw new IllegalArgumentException("block of " + bytes.byteSize() + " bytes");
        }
        out.write(bytes);
        blocks.addBlockLengths((int) bytes.byteSize());
        index.addBlockCrc32C(Checksums.crc32c(bytes));
    }

    /**
     * Ends the tensor at hand.
     *
     * @param entry  the tensor's entry but for its block lengths, which the writer fills in; not kept
     * @param sha256 of the tensor's bytes in the original file
     * @throws IllegalStateException if the container is finished
     */
    public void endTensor(TensorEntry entry, Digest sha256) {
        advance(Stage.BLOCKS, Stage.BLOCKS);
        index.addTensors(entry.toBuilder().clearBlockLengths().mergeFrom(blocks.build()).build());
        digests.add(sha256.byteString());
        blocks = TensorEntry.newBuilder();
    }

    /**
     * Writes the index and the trailer. The bytes are with the channel then, but not forced to a disk.
     *
     * @param tableSets the table sets that the tensors' entries refer to
     * @return name and length of the object
     * @throws IllegalStateException if the container is finished, or blocks were written after the last tensor
     * @throws ContainerException    if the index is one that a reader refuses
     * @throws IOException           if the channel fails
     */
    public Written finish(List<TableSet> tableSets) throws IOException {
        advance(Stage.BLOCKS, Stage.FINISHED);
        if (blocks.getBlockLengthsCount() != 0) {
            throw new IllegalStateException("blocks without a tensor");
        }
        Index complete = index.addAllTableSets(tableSets).setTensorSha256(ByteString.copyFrom(digests)).build();
        FrontChecks.limit(complete.getSerializedSize(), Limits.INDEX_BYTES, "bytes of the index");
        IndexChecks.limits(complete);
        IndexChecks.requirements(complete, tensors, dependencies);
        out.pad();
        long indexOffset = out.length();
        MemorySegment message = MemorySegment.ofArray(complete.toByteArray());
        Encoded encoded = encode(message, message.byteSize() <= SMALL_SCHEMA ? SMALL_LEVEL : FAST_LEVEL);
        boolean coded = encoded.chunk().getCoding() == ChunkCoding.CHUNK_CODING_ZSTD;
        out.write(encoded.bytes());
        out.pad();
        MemorySegment trailer = MemorySegment.ofArray(new byte[TrailerLayout.LENGTH]);
        TrailerLayout.write(new Trailer(indexOffset, out.length() + TrailerLayout.LENGTH, encoded.bytes().byteSize(),
                encoded.chunk().getCrc32C(), coded ? message.byteSize() : 0), trailer);
        out.write(trailer);
        return new Written(out.finish(), out.length());
    }

    private void advance(Stage latest, Stage next) {
        if (stage.compareTo(latest) > 0) {
            throw new IllegalStateException("too late: the container is at " + stage);
        }
        stage = next;
    }

    private record Encoded(MemorySegment bytes, Chunk chunk) {}

    private static Encoded encode(MemorySegment bytes, int level) {
        byte[] raw = bytes.toArray(ValueLayout.JAVA_BYTE);
        byte[] compressed = ZstdFrames.encode(raw, level);
        if (compressed.length >= raw.length) {
            MemorySegment stored = MemorySegment.ofArray(raw);
            return new Encoded(stored, chunk(stored, raw.length, ChunkCoding.CHUNK_CODING_RAW));
        }
        MemorySegment stored = MemorySegment.ofArray(compressed);
        return new Encoded(stored, chunk(stored, raw.length, ChunkCoding.CHUNK_CODING_ZSTD));
    }

    private static Chunk chunk(MemorySegment stored, long decodedLength, ChunkCoding coding) {
        return Chunk.newBuilder().setStoredLength(stored.byteSize()).setCrc32C(Checksums.crc32c(stored))
                .setDecodedLength(decodedLength).setCoding(coding).build();
    }

    /**
     * Closes the channel. Without {@link #finish} what was written is no container.
     *
     * @throws IOException if the channel fails
     */
    @Override
    public void close() throws IOException {
        out.close();
    }
}
