package io.weightspan.codec.container;

import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.Layer;
import io.weightspan.format.v1.TableSet;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Codes a first layer into a file of its own, from where {@link ContainerWriter} copies it: the front, which stands
 * before it, tells how long it is. For one thread; the file is deleted when this is closed.
 */
public final class LayerWriter implements Closeable {
    private static final int PIECE = 1 << 20;

    private static final int INDEX_LEVEL = 19;

    private final FileChannel channel;
    private final CodingWriter coding;
    private long length;
    private @Nullable Index index;
    private Layer layer = Layer.getDefaultInstance();

    private LayerWriter(FileChannel channel) {
        this.channel = channel;
        coding = new CodingWriter(this::append);
    }

    /**
     * Begins a layer.
     *
     * @param scratch where its bytes are kept until they are copied; must not exist
     * @return the writer, to be closed
     * @throws IOException if the file cannot be made
     */
    public static LayerWriter create(Path scratch) throws IOException {
        return new LayerWriter(FileChannel.open(scratch, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ,
                StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE));
    }

    private void append(MemorySegment bytes) throws IOException {
        for (long at = 0; at < bytes.byteSize(); at += PIECE) {
            ByteBuffer piece = bytes.asSlice(at, Math.min(PIECE, bytes.byteSize() - at)).asByteBuffer();
            while (piece.hasRemaining()) {
                length += channel.write(piece);
            }
        }
    }

    /**
     * Codes the tensors.
     *
     * @return takes tables, scales and blocks until {@link #finish}
     */
    public CodingWriter coding() {
        return coding;
    }

    /**
     * Ends the layer.
     *
     * @param tableSets     the table sets that the tensors' entries refer to
     * @param fileSha256    digest of the file that the layer decodes to
     * @param relativeError as {@code Layer.relative_error} says
     * @param maxAbsError   as {@code Layer.max_abs_error} says
     * @throws IllegalStateException if it is finished, or blocks were written after the last tensor
     */
    public void finish(List<TableSet> tableSets, Digest fileSha256, double relativeError, double maxAbsError) {
        index = coding.finish(tableSets);
        layer = Layer.newBuilder().setDataLength(length).setFileSha256(fileSha256.byteString())
                .setRelativeError(relativeError).setMaxAbsError(maxAbsError).build();
    }

    /** The index; there is one once the layer is finished. */
    Index index() {
        return Objects.requireNonNull(index, "the layer is not finished");
    }

    /** What the front says of the layer, but for its index chunk. */
    Layer.Builder describe() {
        return layer.toBuilder();
    }

    /**
     * Bytes that the layer adds to a container, its index compressed.
     *
     * @return the bytes
     * @throws IllegalStateException if the layer is not finished
     */
    public long storedLength() {
        if (index == null) {
            throw new IllegalStateException("the layer is not finished");
        }
        byte[] message = index().toByteArray();
        return length + CodingWriter.encode(MemorySegment.ofArray(message), INDEX_LEVEL).bytes().byteSize();
    }

    /** Bytes of the chunks and blocks. */
    long length() {
        return length;
    }

    /** Copies the chunks and blocks. */
    void copyTo(HashingOutput out) throws IOException {
        byte[] piece = new byte[(int) Math.min(PIECE, Math.max(1, length))];
        for (long at = 0; at < length;) {
            ByteBuffer buffer = ByteBuffer.wrap(piece, 0, (int) Math.min(piece.length, length - at));
            int count = channel.read(buffer, at);
            if (count < 0) {
                throw new IOException("the layer's scratch file is shorter than what was written to it");
            }
            out.write(MemorySegment.ofArray(piece).asSlice(0, count));
            at += count;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
