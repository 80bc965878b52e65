package io.weightspan.codec.container;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A memory-mapped file of any length. Reads are views of the map and copy nothing. The file must not shrink while it
 * is mapped: what was cut off can no longer be read, and the JVM reports that as an {@link InternalError}.
 */
public final class MappedSource implements ByteSource {
    private final String name;
    private final Arena arena;
    private final MemorySegment bytes;

    private MappedSource(String name, Arena arena, MemorySegment bytes) {
        this.name = name;
        this.arena = arena;
        this.bytes = bytes;
    }

    /**
     * Maps a file.
     *
     * @param file the file, whose path becomes the name
     * @return its bytes, to be closed
     * @throws IOException if the file cannot be opened or mapped
     */
    @SuppressWarnings("MustBeClosed") // the source closes the arena
    public static MappedSource open(Path file) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new MappedSource(file.toString(), arena, bytes);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long size() {
        return bytes.byteSize();
    }

    @Override
    public MemorySegment read(long offset, long length) {
        return bytes.asSlice(offset, length);
    }

    /**
     * All bytes.
     *
     * @return a read-only view that lives until the source is closed
     */
    public MemorySegment bytes() {
        return bytes;
    }

    /**
     * Unmaps the file. Any later use of what was read throws {@link IllegalStateException}.
     */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
