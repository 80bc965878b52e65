package io.weightspan.codec.family;

import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A tensor of a decoded file, read by runs of elements.
 *
 * <p>Thread-safe as the file is.
 *
 * @param file the file
 * @param tensor one of its tensors, of whole bytes an element
 * @param sums what its elements were before they were rounded, for the residual {@code cells} upon it, else null
 */
record ElementSource(DecodedFile file, TensorInfo tensor, @Nullable Sums sums) {
    ElementSource(DecodedFile file, TensorInfo tensor) {
        this(file, tensor, null);
    }

    int width() {
        return tensor.dtype().bits() / 8;
    }

    /** Reads the elements from {@code first} on into all of {@code into}. */
    MemorySegment read(long first, MemorySegment into) throws IOException {
        file.read(file.schemaLength() + tensor.begin() + first * width(), into);
        return into;
    }

    /**
     * The prediction of as many elements as {@code into} holds.
     *
     * @param scratch has room for the sums, if any
     */
    Prediction predict(long first, MemorySegment into, Scratch scratch) throws IOException {
        read(first, into);
        Sums unrounded = sums;
        if (unrounded == null) {
            return new Prediction(into, tensor.dtype());
        }
        float[] room = scratch.sums();
        unrounded.read(first, Math.toIntExact(into.byteSize() / width()), room);
        return new Prediction(into, tensor.dtype(), room);
    }
}
