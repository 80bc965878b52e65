package io.weightspan.codec.family;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Any file as one tensor of bytes; what is in it is never looked at. Thread-safe as its source is. */
public final class OpaqueFile implements DecodedFile {
    private final ByteSource source;

    /**
     * Reads a file from its bytes.
     *
     * @param source the bytes, closed with this
     */
    public OpaqueFile(ByteSource source) {
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
