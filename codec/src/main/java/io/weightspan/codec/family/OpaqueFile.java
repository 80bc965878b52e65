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

/**
 * Any file, memory-mapped, as one tensor of bytes. Thread-safe until closed.
 *
 * <p>The file must not be cut short while it is open.
 */
public final class OpaqueFile implements DecodedFile {
    private final Arena arena;
    private final MemorySegment bytes;

    private OpaqueFile(Arena arena, MemorySegment bytes) {
        this.arena = arena;
        this.bytes = bytes;
    }

    /**
     * Maps a file.
     *
     * @param path the file
     * @return it, to be closed
     * @throws IOException if it cannot be read
     */
    @SuppressWarnings("MustBeClosed") // the file closes the arena
    public static OpaqueFile open(Path path) throws IOException {
        Arena arena = Arena.ofShared();
        boolean done = false;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            OpaqueFile file = new OpaqueFile(
                    arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
            done = true;
            return file;
        } finally {
            if (!done) {
                arena.close();
            }
        }
    }

    /**
     * The file's bytes.
     *
     * @return a view, valid until this is closed
     */
    public MemorySegment bytes() {
        return bytes;
    }

    @Override
    public long length() {
        return bytes.byteSize();
    }

    @Override
    public List<TensorInfo> tensors() {
        return List.of(TensorInfo.opaque(length()));
    }

    @Override
    public long schemaLength() {
        return 0;
    }

    @Override
    public void read(long offset, MemorySegment dst) {
        dst.copyFrom(bytes.asSlice(offset, dst.byteSize()));
    }

    @Override
    public void close() {
        arena.close();
    }
}
