package io.weightspan.codec.tensor;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** A file of F32 tensors in memory. */
public final class MemoryFile implements DecodedFile {
    private static final int SCHEMA = 8;

    private final List<TensorInfo> tensors = new ArrayList<>();
    private byte[] bytes = new byte[SCHEMA];

    /** Creates a file without tensors. */
    public MemoryFile() {}

    /** Appends a tensor; returns the file. */
    public MemoryFile tensor(String name, List<Long> shape, float... values) {
        ByteBuffer all = ByteBuffer.allocate(bytes.length + 4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        all.put(bytes);
        for (float value : values) {
            all.putFloat(value);
        }
        tensors.add(new TensorInfo(name, DType.F32, shape, bytes.length - SCHEMA, all.capacity() - SCHEMA));
        bytes = all.array();
        return this;
    }

    @Override
    public long length() {
        return bytes.length;
    }

    @Override
    public List<TensorInfo> tensors() {
        return tensors;
    }

    @Override
    public long schemaLength() {
        return SCHEMA;
    }

    @Override
    public void read(long offset, MemorySegment dst) {
        dst.copyFrom(MemorySegment.ofArray(bytes).asSlice(offset, dst.byteSize()));
    }

    @Override
    public void close() {}
}
