package io.weightspan.codec.family;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.tensor.DecodedFile;
import java.io.IOException;

/** Finds the objects that a record needs. Thread-safe. */
@FunctionalInterface
public interface Dependencies {
    /**
     * Opens the file that a stored object decodes to.
     *
     * @param objectSha256 digest of the object
     * @param fileSha256 digest of the file, which may be at hand in another form
     * @return the file; the caller closes it
     * @throws io.weightspan.codec.container.ContainerException {@code MISSING_DEPENDENCY} if it is not at hand,
     *     {@code WRONG_DEPENDENCY} if its bytes have another digest, and what opening a record throws
     * @throws IOException if it cannot be read
     */
    DecodedFile open(Digest objectSha256, Digest fileSha256) throws IOException;
}
