package io.weightspan.client.hub;

import io.weightspan.codec.container.Digest;

/**
 * Bytes that a server has: an object, or the first part of one.
 *
 * @param sha256 the SHA-256 of the bytes
 * @param size how many
 * @param object the object that they are, or begin
 */
record RemoteBytes(Digest sha256, long size, Digest object) {

    /** An object. */
    static RemoteBytes of(Digest object, long size) {
        return new RemoteBytes(object, size, object);
    }

    /** What a file is decoded from, but for its dependencies. */
    static RemoteBytes of(Manifest.File file) {
        return new RemoteBytes(file.object(), file.objectSize(), file.firstPartOf().orElse(file.object()));
    }

    boolean isWhole() {
        return object.equals(sha256);
    }
}
