package io.weightspan.codec.container;

import com.google.protobuf.ByteString;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A SHA-256 digest: 32 bytes as four big-endian words. Immutable; compares as the unsigned bytes do.
 *
 * @param word0 bytes 0 to 7
 * @param word1 bytes 8 to 15
 * @param word2 bytes 16 to 23
 * @param word3 bytes 24 to 31
 */
public record Digest(long word0, long word1, long word2, long word3) implements Comparable<Digest> {
    /** Bytes of a digest. */
    public static final int LENGTH = 32;

    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

    private static final int SLICE = 1 << 16;

    /**
     * The digest that 32 bytes are.
     *
     * @param bytes exactly 32 bytes
     * @return the digest
     * @throws IllegalArgumentException if there are not 32
     */
    public static Digest ofBytes(byte[] bytes) {
        return ofBuffer(ByteBuffer.wrap(bytes));
    }

    /**
     * The digest that 32 bytes of a message are.
     *
     * @param bytes exactly 32 bytes
     * @return the digest
     * @throws IllegalArgumentException if there are not 32
     */
    public static Digest of(ByteString bytes) {
        return ofBuffer(bytes.asReadOnlyByteBuffer());
    }

    /** Returns whether a text is of the form that {@link #hex} has: 64 digits, letters of lower case. */
    public static boolean isHex(String text) {
        return HEX.matcher(text).matches();
    }

    /**
     * The digest that 64 hexadecimal digits spell.
     *
     * @param hex exactly 64 digits, of either letter case
     * @return the digest
     * @throws IllegalArgumentException if the text is anything else
     */
    public static Digest of(String hex) {
        return ofBytes(HexFormat.of().parseHex(hex));
    }

    /**
     * The SHA-256 of some bytes.
     *
     * @param bytes the bytes, of any length
     * @return their digest
     */
    public static Digest sha256(MemorySegment bytes) {
        MessageDigest hash = newHash();
        update(hash, bytes);
        return finish(hash);
    }

    /**
     * Starts a SHA-256.
     *
     * @return a new hash, for one thread
     */
    public static MessageDigest newHash() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /**
     * Feeds bytes to a hash.
     *
     * @param hash  the hash
     * @param bytes the bytes, of any length
     */
    public static void update(MessageDigest hash, MemorySegment bytes) {
        // Copied by large pieces: a hash that is given a buffer outside the heap copies it by small ones.
        byte[] piece = new byte[(int) Math.min(SLICE, bytes.byteSize())];
        for (long at = 0; at < bytes.byteSize(); at += SLICE) {
            int length = (int) Math.min(SLICE, bytes.byteSize() - at);
            MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, piece, 0, length);
            hash.update(piece, 0, length);
        }
    }

    /**
     * Ends a hash.
     *
     * @param hash a SHA-256, which is reset by this
     * @return the digest of what it was fed
     */
    public static Digest finish(MessageDigest hash) {
        return ofBytes(hash.digest());
    }

    private static Digest ofBuffer(ByteBuffer bytes) {
        if (bytes.remaining() != LENGTH) {
            throw new IllegalArgumentException("a digest has 32 bytes, not " + bytes.remaining());
        }
        return new Digest(bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong());
    }

    /**
     * The digest's bytes.
     *
     * @return a new array of 32
     */
    public byte[] bytes() {
        return ByteBuffer.allocate(LENGTH).putLong(word0).putLong(word1).putLong(word2).putLong(word3).array();
    }

    /**
     * The digest as a field of a message.
     *
     * @return its 32 bytes
     */
    public ByteString byteString() {
        return ByteString.copyFrom(bytes());
    }

    /**
     * The digest in hexadecimal.
     *
     * @return 64 digits in lower case
     */
    public String hex() {
        return HexFormat.of().formatHex(bytes());
    }

    @Override
    public int compareTo(Digest other) {
        int order = Long.compareUnsigned(word0, other.word0);
        if (order == 0) {
            order = Long.compareUnsigned(word1, other.word1);
        }
        if (order == 0) {
            order = Long.compareUnsigned(word2, other.word2);
        }
        return order == 0 ? Long.compareUnsigned(word3, other.word3) : order;
    }

    /**
     * The digest in hexadecimal.
     *
     * @return {@link #hex()}
     */
    @Override
    public String toString() {
        return hex();
    }
}
