package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;

/**
 * The first bytes of a record, which decode by themselves to an approximation of its file.
 *
 * @param size how many
 * @param sha256 their SHA-256
 * @param fileSha256 the SHA-256 of what they decode to
 */
public record FirstPart(long size, Digest sha256, Digest fileSha256) {

    /**
     * Checks the arguments.
     *
     * @throws IllegalArgumentException if the size isn't above 0
     */
    public FirstPart {
        requireNonNull(sha256, "sha256 is null");
        requireNonNull(fileSha256, "fileSha256 is null");
        if (size <= 0) {
            throw new IllegalArgumentException("a first part of " + size + " bytes");
        }
    }
}
