package io.weightspan.codec.container;

import static io.weightspan.codec.container.HeaderLayout.INT;
import static io.weightspan.codec.container.HeaderLayout.LONG;

import java.lang.foreign.MemorySegment;

/**
 * The fixed trailer of a container: its last 40 bytes, little-endian (section 5 of the format).
 *
 * <pre>
 *   0                               8                               16              20
 *   +-------------------------------+-------------------------------+---------------+
 *   | index_offset                  | container_length              | index_length  |
 *   +-------------------------------+-------------------------------+---------------+
 *   20              24              28              32                            40
 *   +---------------+---------------+---------------+-------------------------------+
 *   | index_crc32c  | decoded length| trailer_crc32c| end magic                     |
 *   +---------------+---------------+---------------+-------------------------------+
 * </pre>
 */
public final class TrailerLayout {
    /** Bytes of the trailer. */
    public static final int LENGTH = 40;

    static final int INDEX_OFFSET_OFFSET = 0;
    static final int CONTAINER_LENGTH_OFFSET = 8;
    static final int INDEX_LENGTH_OFFSET = 16;
    static final int INDEX_CRC_OFFSET = 20;
    static final int INDEX_DECODED_LENGTH_OFFSET = 24;
    static final int TRAILER_CRC_OFFSET = 28;
    static final int END_MAGIC_OFFSET = 32;

    /** The bytes {@code 0A 1A 0A 0D 50 53 57 8F} as a little-endian number: the header's magic, backwards. */
    private static final long END_MAGIC = 0x8F57_5350_0D0A_1A0AL;

    private TrailerLayout() {}

    /**
     * What the trailer says once it has been checked.
     *
     * @param indexOffset     where the section INDEX begins, not yet checked against anything
     * @param containerLength bytes of the container, equal to those at hand
     * @param indexLength     stored bytes of the message {@code Index}
     * @param indexCrc        CRC32C of these stored bytes
     * @param decodedLength   bytes of the message if it is stored as a zstd frame, 0 if it is stored as it is
     */
    public record Trailer(long indexOffset, long containerLength, long indexLength, int indexCrc,
            long decodedLength) {}

    /**
     * Reads a trailer and checks all of it that needs no other section, in the order of the format's step 3.
     *
     * @param bytes           exactly {@link #LENGTH} bytes, the last of the container
     * @param containerLength the length at hand
     * @return the trailer
     * @throws ContainerException {@code TRUNCATED} (R-TRL-001) or {@code TRAILER_CHECKSUM} (R-TRL-002)
     */
    public static Trailer read(MemorySegment bytes, long containerLength) throws ContainerException {
        long start = containerLength - LENGTH;
        if (bytes.get(LONG, END_MAGIC_OFFSET) != END_MAGIC) {
            throw refuse(ErrorCode.TRUNCATED, "the container does not end with the end magic",
                    start + END_MAGIC_OFFSET);
        }
        long length = bytes.get(LONG, CONTAINER_LENGTH_OFFSET);
        if (length != containerLength) {
            throw refuse(ErrorCode.TRUNCATED,
                    "the container says " + Long.toUnsignedString(length) + " bytes and has " + containerLength,
                    start + CONTAINER_LENGTH_OFFSET);
        }
        if (Checksums.crc32c(bytes.asSlice(0, TRAILER_CRC_OFFSET)) != bytes.get(INT, TRAILER_CRC_OFFSET)) {
            throw refuse(ErrorCode.TRAILER_CHECKSUM, "the trailer is damaged", start + TRAILER_CRC_OFFSET);
        }
        return new Trailer(bytes.get(LONG, INDEX_OFFSET_OFFSET), length,
                Integer.toUnsignedLong(bytes.get(INT, INDEX_LENGTH_OFFSET)), bytes.get(INT, INDEX_CRC_OFFSET),
                Integer.toUnsignedLong(bytes.get(INT, INDEX_DECODED_LENGTH_OFFSET)));
    }

    /**
     * Writes a trailer.
     *
     * @param trailer what it says
     * @param dst     takes it in its first {@link #LENGTH} bytes
     */
    public static void write(Trailer trailer, MemorySegment dst) {
        dst.set(LONG, INDEX_OFFSET_OFFSET, trailer.indexOffset());
        dst.set(LONG, CONTAINER_LENGTH_OFFSET, trailer.containerLength());
        dst.set(INT, INDEX_LENGTH_OFFSET, (int) trailer.indexLength());
        dst.set(INT, INDEX_CRC_OFFSET, trailer.indexCrc());
        dst.set(INT, INDEX_DECODED_LENGTH_OFFSET, (int) trailer.decodedLength());
        dst.set(INT, TRAILER_CRC_OFFSET, Checksums.crc32c(dst.asSlice(0, TRAILER_CRC_OFFSET)));
        dst.set(LONG, END_MAGIC_OFFSET, END_MAGIC);
    }

    private static ContainerException refuse(ErrorCode code, String detail, long offset) {
        return new ContainerException(code, detail, null, null, offset, null);
    }
}
