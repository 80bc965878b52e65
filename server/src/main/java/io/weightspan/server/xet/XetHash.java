package io.weightspan.server.xet;

import io.weightspan.codec.container.Digest;

/**
 * How Xet writes 32 bytes: in hexadecimal digits each group of 8 bytes stands in reverse order, and what are
 * hexadecimal digits elsewhere, such as a SHA-256, is turned so when it becomes bytes of a shard.
 */
final class XetHash {

    private static final int GROUP = Long.BYTES;

    private XetHash() {}

    /**
     * Returns what is written in hexadecimal digits the way Xet writes them.
     *
     * @param stored the bytes as a shard holds them, 32
     */
    static Digest of(byte[] stored) {
        byte[] turned = new byte[Digest.LENGTH];
        for (int i = 0; i < turned.length; i++) {
            turned[i] = stored[i - i % GROUP + GROUP - 1 - i % GROUP];
        }
        return Digest.ofBytes(turned);
    }
}
