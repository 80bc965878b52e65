package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;

/**
 * An object that records of several repositories need and that holds no file of any: a basis.
 *
 * @param object its name
 * @param size its bytes
 */
public record SharedObject(Digest object, long size) {

    /**
     * Checks the arguments.
     *
     * @throws IllegalArgumentException if the size is negative
     */
    public SharedObject {
        requireNonNull(object, "object is null");
        if (size < 0) {
            throw new IllegalArgumentException("negative size of " + object.hex());
        }
    }
}
