package io.weightspan.codec.tensor;

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

    /**
     * How many predictions deep a tensor is coded (R-DEC-005).
     *
     * @param tensor index in {@link #tensors()}
     * @param most what matters to the caller, at least 0
     * @return 0 where nothing predicts it; any number above {@code most} if the depth is above that
     * @throws IOException if another file is needed to tell and cannot be opened
     */
    default int depth(int tensor, int most) throws IOException {
        return 0;
    }
}
