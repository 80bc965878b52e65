package io.weightspan.codec.safetensors;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * A safetensors file on disk, memory-mapped and of any length. What it returns are views of the map: they copy
 * nothing and die with {@link #close()}. Thread-safe but for closing.
 */
public final class SafetensorsFile implements DecodedFile {
    private final MappedSource source;
    private final SafetensorsHeader header;

    private SafetensorsFile(MappedSource source, SafetensorsHeader header) {
        this.source = source;
        this.header = header;
    }

    /**
     * Maps a file and parses its header. The tensors' bytes are not looked at.
     *
     * @param file the file
     * @return the file, to be closed
     * @throws ContainerException if it is not a safetensors file: {@code TRUNCATED} if it ends within its header,
     *      else as {@link SafetensorsHeader#parse} says; names the file and the tensor
     * @throws IOException        if the file cannot be opened or mapped
     */
    public static SafetensorsFile open(Path file) throws IOException {
        MappedSource source = MappedSource.open(file);
        try {
            return new SafetensorsFile(source, parse(source.bytes()));
        } catch (ContainerException e) {
            source.close();
            throw e.in(source.name(), null, 0);
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    private static SafetensorsHeader parse(MemorySegment bytes) throws ContainerException {
        if (bytes.byteSize() < SafetensorsHeader.PREFIX_LENGTH) {
            throw new ContainerException(ErrorCode.TRUNCATED,
                    "a safetensors file has at least 8 bytes, this one " + bytes.byteSize());
        }
        long jsonLength = SafetensorsHeader.jsonLength(bytes);
        SafetensorsHeader.checkJsonLength(jsonLength);
        long schemaLength = SafetensorsHeader.PREFIX_LENGTH + jsonLength;
        if (schemaLength > bytes.byteSize()) {
            throw new ContainerException(ErrorCode.TRUNCATED,
                    "the header ends at byte " + schemaLength + " of " + bytes.byteSize());
        }
        return SafetensorsHeader.parse(bytes.asSlice(0, schemaLength), bytes.byteSize() - schemaLength);
    }

    /**
     * The parsed header.
     *
     * @return always the same one
     */
    public SafetensorsHeader header() {
        return header;
    }

    /**
     * What errors call the file.
     *
     * @return its path
     */
    public String name() {
        return source.name();
    }

    /**
     * All bytes of the file.
     *
     * @return a read-only view
     */
    public MemorySegment bytes() {
        return source.bytes();
    }

    /**
     * The header as it stands in the file: the first 8 + N bytes.
     *
     * @return a read-only view
     */
    public MemorySegment schema() {
        return source.read(0, header.schemaLength());
    }

    /**
     * A tensor's bytes.
     *
     * @param tensor index in {@link #tensors()}
     * @return a read-only view
     * @throws IndexOutOfBoundsException if there is no such tensor
     */
    public MemorySegment tensor(int tensor) {
        TensorInfo info = header.tensors().get(tensor);
        return source.read(header.schemaLength() + info.begin(), info.byteLength());
    }

    @Override
    public long length() {
        return source.size();
    }

    @Override
    public List<TensorInfo> tensors() {
        return header.tensors();
    }

    @Override
    public long schemaLength() {
        return header.schemaLength();
    }

    @Override
    public void read(long offset, MemorySegment dst) {
        dst.copyFrom(source.read(offset, dst.byteSize()));
    }

    @Override
    public void close() {
        source.close();
    }
}
