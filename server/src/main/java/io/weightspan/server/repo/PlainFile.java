package io.weightspan.server.repo;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A stored file whose object is the file itself. What is in it is never looked at. */
final class PlainFile implements DecodedFile {

    private final ByteSource source;

    /**
     * Reads a file from its object.
     *
     * @param source the object's bytes, closed with this
     */
    PlainFile(ByteSource source) {
        this.source = source;
    }

    @Override
    public long length() {
        return source.size();
    }

    @Override
    public List<TensorInfo> tensors() {
        return List.of(TensorInfo.opaque(source.size()));
    }

    @Override
    public long schemaLength() {
        return 0;
    }

    @Override
    public void read(long offset, MemorySegment dst) throws IOException {
        dst.copyFrom(source.read(offset, dst.byteSize()));
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
