package io.weightspan.server.repo;

import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * A tensor of an opened file.
 *
 * @param file the file
 * @param info one of its tensors
 */
record TensorSource(DecodedFile file, TensorInfo info) {

    /** Reads bytes of the tensor, from {@code offset} on, into all of {@code into}. */
    MemorySegment read(long offset, MemorySegment into) throws IOException {
        file.read(file.schemaLength() + info.begin() + offset, into);
        return into;
    }
}
