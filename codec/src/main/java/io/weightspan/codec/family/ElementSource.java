package io.weightspan.codec.family;

import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * A tensor of a decoded file, read by runs of elements.
 *
 * <p>Thread-safe as the file is.
 *
 * @param file the file
 * @param tensor one of its tensors, of whole bytes an element
 */
record ElementSource(DecodedFile file, TensorInfo tensor) {
    int width() {
        return tensor.dtype().bits() / 8;
    }

    /** Reads the elements from {@code first} on into all of {@code into}. */
    MemorySegment read(long first, MemorySegment into) throws IOException {
        file.read(file.schemaLength() + tensor.begin() + first * width(), into);
        return into;
    }
}
