package io.weightspan.codec.family;

import io.weightspan.codec.tensor.TensorInfo;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * An original file, byte for byte, whether it lies on disk as it is or is decoded from a record while it is read.
 * Reading is thread-safe; closing is not and must come after every read has returned.
 */
public interface DecodedFile extends Closeable {
    /**
     * Bytes of the original file.
     *
     * @return at least 0
     */
    long length();

    /**
     * The file's tensors.
     *
     * @return all of them in data order (R-SCH-009); one without a name for a file that has no schema
     */
    List<TensorInfo> tensors();

    /**
     * Bytes before the first tensor's: a safetensors header and its length.
     *
     * @return 0 for a file that has no schema
     */
    long schemaLength();

    /**
     * Reads a range of the original file.
     *
     * @param offset where the range begins, at least 0
     * @param dst    takes the range; its size says how long the range is
     * @throws IndexOutOfBoundsException if the range does not lie within the file; {@code dst} is untouched then
     * @throws IOException               if the bytes cannot be had, a {@code ContainerException} if they are damaged;
     *                                   what {@code dst} holds then must not be used
     */
    void read(long offset, MemorySegment dst) throws IOException;
}
