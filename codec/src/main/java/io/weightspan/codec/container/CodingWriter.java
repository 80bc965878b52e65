package io.weightspan.codec.container;

import com.google.protobuf.ByteString;
import io.weightspan.format.v1.Chunk;
import io.weightspan.format.v1.ChunkCoding;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.TableSet;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Writes one coding of a container's tensors strictly forward, and gathers its index. For one thread.
 *
 * <p>The calls in order: {@link #tables} and {@link #scales} where there are any; for each tensor in data order
 * {@link #appendBlock} for each of its blocks and then {@link #endTensor}; {@link #finish}.
 */
public final class CodingWriter {
    private static final int SCALES_LEVEL = 9;

    private final Sink out;
    private final Index.Builder index = Index.newBuilder();
    private final List<ByteString> digests = new ArrayList<>();
    /** Of all blocks, as long as one checksum may be of them. */
    private final CRC32C together = new CRC32C();
    private long stored;
    private TensorEntry.Builder blocks = TensorEntry.newBuilder();
    private Stage stage = Stage.TABLES;

    /** Where the chunks and blocks go. */
    @FunctionalInterface
    interface Sink {
        /**
         * Appends bytes.
         *
         * @param bytes not kept
         * @throws IOException if they cannot be written
         */
        void write(MemorySegment bytes) throws IOException;
    }

    private enum Stage {
        TABLES, SCALES, BLOCKS, FINISHED
    }

    CodingWriter(Sink out) {
        this.out = out;
    }

    /**
     * Writes the tables chunk.
     *
     * @param bytes the coded tables, at least one; not kept
     * @param count how many tables they are
     * @throws IllegalStateException if it is too late for tables
     * @throws IOException           if the bytes cannot be written
     */
    public void tables(byte[] bytes, int count) throws IOException {
        advance(Stage.TABLES, Stage.SCALES);
        MemorySegment tables = MemorySegment.ofArray(bytes);
        out.write(tables);
        index.setTableCount(count).setTables(chunk(tables, tables.byteSize(), ChunkCoding.CHUNK_CODING_RAW));
    }

    /**
     * Writes the scales chunk, compressed if that makes it smaller.
     *
     * @param bytes the row and column scales of all tensors (R-SCL-001), at least one; not kept
     * @throws IllegalStateException if it is too late for scales
     * @throws IOException           if the bytes cannot be written
     */
    public void scales(byte[] bytes) throws IOException {
        advance(Stage.SCALES, Stage.BLOCKS);
        Encoded encoded = encode(MemorySegment.ofArray(bytes), SCALES_LEVEL);
        out.write(encoded.bytes());
        index.setScales(encoded.chunk());
    }

    /**
     * Writes the next block of the tensor at hand.
     *
     * @param bytes its stored bytes, fewer than 2^32; not kept
     * @throws IllegalStateException    if the coding is finished
     * @throws IllegalArgumentException if the block is too long
     * @throws IOException              if the bytes cannot be written
     */
    public void appendBlock(MemorySegment bytes) throws IOException {
        advance(Stage.BLOCKS, Stage.BLOCKS);
        if (bytes.byteSize() >>> Integer.SIZE != 0) {
            throw new IllegalArgumentException("block of " + bytes.byteSize() + " bytes");
        }
        out.write(bytes);
        blocks.addBlockLengths((int) bytes.byteSize());
        index.addBlockCrc32C(Checksums.crc32c(bytes));
        stored += bytes.byteSize();
        if (stored <= Limits.ONE_CHECKSUM) {
            together.update(bytes.asByteBuffer());
        }
    }

    /**
     * Ends the tensor at hand.
     *
     * @param entry  the tensor's entry but for its block lengths, which the writer fills in; not kept
     * @param sha256 of the tensor's bytes in the original file; a layer has none
     * @throws IllegalStateException if the coding is finished
     */
    public void endTensor(TensorEntry entry, Optional<Digest> sha256) {
        advance(Stage.BLOCKS, Stage.BLOCKS);
        index.addTensors(entry.toBuilder().clearBlockLengths().mergeFrom(blocks.build()).build());
        sha256.ifPresent(digest -> digests.add(digest.byteString()));
        blocks = TensorEntry.newBuilder();
    }

    /**
     * Ends the coding.
     *
     * @param tableSets the table sets that the tensors' entries refer to
     * @return the index, not checked
     * @throws IllegalStateException if it is finished, or blocks were written after the last tensor
     */
    Index finish(List<TableSet> tableSets) {
        advance(Stage.BLOCKS, Stage.FINISHED);
        if (blocks.getBlockLengthsCount() != 0) {
            throw new IllegalStateException("blocks without a tensor");
        }
        if (stored <= Limits.ONE_CHECKSUM && index.getBlockCrc32CCount() > 1) {
            index.clearBlockCrc32C().addBlockCrc32C((int) together.getValue());
        }
        return index.addAllTableSets(tableSets).setTensorSha256(ByteString.copyFrom(digests)).build();
    }

    private void advance(Stage latest, Stage next) {
        if (stage.compareTo(latest) > 0) {
            throw new IllegalStateException("too late: the coding is at " + stage);
        }
        stage = next;
    }

    /** Bytes as they are stored, and what an index says of them. */
    record Encoded(MemorySegment bytes, Chunk chunk) {}

    /** Compresses bytes if that makes them fewer. */
    static Encoded encode(MemorySegment bytes, int level) {
        byte[] raw = bytes.toArray(ValueLayout.JAVA_BYTE);
        byte[] compressed = ZstdFrames.encode(raw, level);
        if (compressed.length >= raw.length) {
            MemorySegment stored = MemorySegment.ofArray(raw);
            return new Encoded(stored, chunk(stored, raw.length, ChunkCoding.CHUNK_CODING_RAW));
        }
        MemorySegment stored = MemorySegment.ofArray(compressed);
        return new Encoded(stored, chunk(stored, raw.length, ChunkCoding.CHUNK_CODING_ZSTD));
    }

    /** What a message says of a chunk. */
    static Chunk chunk(MemorySegment stored, long decodedLength, ChunkCoding coding) {
        return Chunk.newBuilder().setStoredLength(stored.byteSize()).setCrc32C(Checksums.crc32c(stored))
                .setDecodedLength(decodedLength).setCoding(coding).build();
    }
}
