package io.weightspan.codec.container;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * The stored bytes of a container, wherever they are. Reading is thread-safe; closing is not and must come after every
 * read, and every use of what it returned, has ended.
 */
public interface ByteSource extends Closeable {
    /**
     * What errors call the bytes.
     *
     * @return a path, a digest or another name that helps people find them
     */
    String name();

    /**
     * How many bytes there are. Does not change.
     *
     * @return at least 0
     */
    long size();

    /**
     * A range of the bytes.
     *
     * @param offset where the range begins, at least 0
     * @param length how long it is, at least 0
     * @return exactly that range, to be read only; a view that lives as long as the source, or a copy
     * @throws IndexOutOfBoundsException if the range does not lie within the bytes
     * @throws IOException               if the bytes cannot be had
     */
    MemorySegment read(long offset, long length) throws IOException;

    /**
     * A source of bytes that are in memory already.
     *
     * @param name  what errors call the bytes
     * @param bytes the bytes; must outlive the source and not change
     * @return a source of views; closing it does nothing
     */
    static ByteSource of(String name, MemorySegment bytes) {
        MemorySegment readOnly = bytes.asReadOnly();
        return new ByteSource() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public long size() {
                return readOnly.byteSize();
            }

            @Override
            public MemorySegment read(long offset, long length) {
                return readOnly.asSlice(offset, length);
            }

            @Override
            public void close() {
                // Nothing is held.
            }
        };
    }
}
