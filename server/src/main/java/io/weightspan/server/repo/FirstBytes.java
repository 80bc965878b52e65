package io.weightspan.server.repo;

import io.weightspan.codec.container.ByteSource;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** The first bytes of an object. Thread-safe as the object's source is, which it owns. */
final class FirstBytes implements ByteSource {

    private final ByteSource whole;
    private final long size;

    FirstBytes(ByteSource whole, long size) {
        this.whole = whole;
        this.size = Math.min(size, whole.size());
    }

    @Override
    public String name() {
        return whole.name();
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public MemorySegment read(long offset, long length) throws IOException {
        Objects.checkFromIndexSize(offset, length, size);
        return whole.read(offset, length);
    }

    @Override
    public void close() throws IOException {
        whole.close();
    }
}
