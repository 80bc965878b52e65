package io.weightspan.server.store;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;

/**
 * An object as a store has it.
 *
 * @param digest the SHA-256 of its bytes
 * @param size its length in bytes
 * @param added whether it was not in the store before
 */
public record StoredObject(Digest digest, long size, boolean added) {

    /** Checks the arguments. */
    public StoredObject {
        requireNonNull(digest, "digest is null");
        if (size < 0) {
            throw new IllegalArgumentException("negative size: " + size);
        }
    }
}
