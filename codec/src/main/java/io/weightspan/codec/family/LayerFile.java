package io.weightspan.codec.family;

import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** What a first layer decodes to, made while it is encoded, in a mapped file that is deleted when this is closed. */
final class LayerFile implements DecodedFile {
    private final DecodedFile like;
    private final FileChannel channel;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes;

    /**
     * Makes a file of the length and the tensors of another.
     *
     * @param like the other file
     * @param scratch where to; must not exist
     * @throws IOException if it cannot be made
     */
    LayerFile(DecodedFile like, Path scratch) throws IOException {
        this.like = like;
        channel = FileChannel.open(
                scratch,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE);
        bytes = channel.map(FileChannel.MapMode.READ_WRITE, 0, like.length(), arena);
        like.read(0, bytes.asSlice(0, like.schemaLength()));
    }

    /** All bytes, to be written and read. */
    MemorySegment bytes() {
        return bytes;
    }

    /** The bytes of a tensor, to be written and read. */
    MemorySegment tensor(TensorInfo tensor) {
        return bytes.asSlice(like.schemaLength() + tensor.begin(), tensor.byteLength());
    }

    @Override
    public long length() {
        return like.length();
    }

    @Override
    public List<TensorInfo> tensors() {
        return like.tensors();
    }

    @Override
    public long schemaLength() {
        return like.schemaLength();
    }

    @Override
    public void read(long offset, MemorySegment dst) {
        MemorySegment.copy(bytes, offset, dst, 0, dst.byteSize());
    }

    @Override
    public void close() throws IOException {
        arena.close();
        channel.close();
    }
}
