package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;

/**
 * A file that is an object of the store, byte for byte.
 *
 * @param size its bytes
 * @param sha256 their SHA-256, which is the object's name
 * @param gitOid what git calls the file, 40 hexadecimal digits
 */
public record Blob(long size, Digest sha256, String gitOid) {

    /** Checks the arguments. */
    public Blob {
        requireNonNull(sha256, "sha256 is null");
        requireNonNull(gitOid, "gitOid is null");
        if (size < 0) {
            throw new IllegalArgumentException("negative size: " + size);
        }
    }
}
