package io.weightspan.codec.container;

import io.weightspan.codec.container.HeaderLayout.Header;
import io.weightspan.codec.container.TrailerLayout.Trailer;
import io.weightspan.codec.safetensors.SafetensorsHeader;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Chunk;
import io.weightspan.format.v1.ChunkCoding;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.TableSet;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes a container strictly forward: the front and the schema when it is created, then the tables, the scales and
 * each tensor's blocks, and the index at last. Hashes what it writes, so that the object's name is known at the end.
 * Nothing that a reader would refuse is finished: front and index are checked as a reader checks them. For one thread.
 *
 * <p>The calls in order: those of {@link #coding}, {@link #finish}, {@link #close}.
 */
public final class ContainerWriter implements Closeable {
    /** Schemas up to this size are compressed as well as zstd can; longer ones at a level that takes no seconds. */
    private static final int SMALL_SCHEMA = 256 << 10;
    private static final int SMALL_LEVEL = 19;
    private static final int FAST_LEVEL = 9;

    private final HashingOutput out;
    private final List<TensorInfo> tensors;
    private final CodingWriter coding;
    private final Front front;
    private final @Nullable Index layer;

    private ContainerWriter(HashingOutput out, List<TensorInfo> tensors, Front front, @Nullable Index layer) {
        this.out = out;
        this.tensors = tensors;
        this.front = front;
        this.layer = layer;
        coding = new CodingWriter(out::write);
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
     * @param layer  the first layer, already coded, or empty
     * @return the writer, to be closed; what it leaves without {@link #finish} is no container and the caller's to
     *         delete
     * @throws ContainerException likewise; the file was not created then
     * @throws IOException        if the file exists or cannot be written
     */
    public static ContainerWriter create(Path file, Front front, MemorySegment schema, Optional<LayerWriter> layer)
            throws IOException {
        Start start = start(front, schema, layer);
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
        return begin(channel, start(front, schema, Optional.empty()));
    }

    /** The first part of a container, ready to be written. */
    private record Start(Front front, MemorySegment schemaChunk, List<TensorInfo> tensors,
            Optional<StoredLayer> layer) {}

    /** A layer, its index encoded. */
    private record StoredLayer(MemorySegment index, LayerWriter data) {}

    private static Start start(Front front, MemorySegment schema, Optional<LayerWriter> layer)
            throws IOException {
        Front.Builder builder = front.toBuilder().clearSchema().clearLayer();
        CodingWriter.Encoded encoded =
                new CodingWriter.Encoded(MemorySegment.ofArray(new byte[0]), Chunk.getDefaultInstance());
        if (schema.byteSize() > 0) {
            FrontChecks.limit(schema.byteSize(), Limits.JSON_BYTES + Long.BYTES, "bytes of the schema");
            encoded = schemaChunk(schema);
            builder.setSchema(encoded.chunk());
        }
        Optional<StoredLayer> stored = Optional.empty();
        if (layer.isPresent()) {
            MemorySegment message = MemorySegment.ofArray(layer.get().index().toByteArray());
            CodingWriter.Encoded index = CodingWriter.encode(message, SMALL_LEVEL);
            builder.setLayer(layer.get().describe().setIndex(index.chunk()));
            stored = Optional.of(new StoredLayer(index.bytes(), layer.get()));
        }
        Front complete = builder.build();
        FrontChecks.limit(complete.getSerializedSize(), Limits.FRONT_BYTES, "bytes of the front");
        FrontChecks.limits(complete);
        FrontChecks.requirements(complete, complete.hasLayer());
        List<TensorInfo> tensors = complete.hasSchema()
                ? SafetensorsHeader.parse(schema, complete.getFileLength() - schema.byteSize()).tensors()
                : List.of(TensorInfo.opaque(complete.getFileLength()));
        if (layer.isPresent()) {
            IndexChecks.limits(layer.get().index());
            IndexChecks.requirementsOfLayer(layer.get().index(), tensors, complete);
        }
        return new Start(complete, encoded.bytes(), tensors, stored);
    }

    /** The schema in its smallest coding, the first of equals. */
    private static CodingWriter.Encoded schemaChunk(MemorySegment schema) {
        int level = schema.byteSize() <= SMALL_SCHEMA ? SMALL_LEVEL : FAST_LEVEL;
        CodingWriter.Encoded plain = CodingWriter.encode(schema, level);
        byte[] text = SchemaLengths.shorten(schema.toArray(ValueLayout.JAVA_BYTE)).orElse(null);
        if (text == null) {
            return plain;
        }
        MemorySegment frame = MemorySegment.ofArray(ZstdFrames.encode(text, level));
        return frame.byteSize() >= plain.bytes().byteSize()
                ? plain
                : new CodingWriter.Encoded(frame, CodingWriter.chunk(frame, schema.byteSize(),
                        ChunkCoding.CHUNK_CODING_ZSTD_LENGTHS));
    }

    private static ContainerWriter begin(WritableByteChannel channel, Start start) throws IOException {
        HashingOutput out = new HashingOutput(channel);
        Index layer = start.layer().map(stored -> stored.data().index()).orElse(null);
        ContainerWriter writer = new ContainerWriter(out, start.tensors(), start.front(), layer);
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
        long layerLength = start.layer().map(layer -> layer.index().byteSize() + layer.data().length()).orElse(0L);
        long firstPart = Sections.align(frontEnd) + start.schemaChunk().byteSize() + layerLength;
        long features = start.layer().isPresent() ? HeaderLayout.FEATURE_LAYER : 0;
        MemorySegment header = MemorySegment.ofArray(new byte[HeaderLayout.LENGTH]);
        HeaderLayout.write(new Header(front.byteSize(), features, 0, 0, firstPart, Checksums.crc32c(front)), header);
        out.write(header);
        out.write(front);
        out.pad();
        out.write(start.schemaChunk());
        if (start.layer().isPresent()) {
            out.write(start.layer().get().index());
            start.layer().get().data().copyTo(out);
        }
        out.pad();
    }

    /**
     * Codes the tensors of the file.
     *
     * @return takes tables, scales and blocks until {@link #finish}
     */
    public CodingWriter coding() {
        return coding;
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
        Index complete = coding.finish(tableSets);
        FrontChecks.limit(complete.getSerializedSize(), Limits.INDEX_BYTES, "bytes of the index");
        IndexChecks.limits(complete);
        IndexChecks.requirements(complete, tensors, front, layer);
        out.pad();
        long indexOffset = out.length();
        MemorySegment message = MemorySegment.ofArray(complete.toByteArray());
        CodingWriter.Encoded encoded =
                CodingWriter.encode(message, message.byteSize() <= SMALL_SCHEMA ? SMALL_LEVEL : FAST_LEVEL);
        boolean coded = encoded.chunk().getCoding() == ChunkCoding.CHUNK_CODING_ZSTD;
        out.write(encoded.bytes());
        out.pad();
        MemorySegment trailer = MemorySegment.ofArray(new byte[TrailerLayout.LENGTH]);
        TrailerLayout.write(new Trailer(indexOffset, out.length() + TrailerLayout.LENGTH, encoded.bytes().byteSize(),
                encoded.chunk().getCrc32C(), coded ? message.byteSize() : 0), trailer);
        out.write(trailer);
        return new Written(out.finish(), out.length());
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
