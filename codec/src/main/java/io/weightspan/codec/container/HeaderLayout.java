package io.weightspan.codec.container;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The fixed header of a container: 64 bytes at offset 0, little-endian (section 4 of the format).
 *
 * <pre>
 *   0               8       10      12              16
 *   +---------------+-------+-------+---------------+-------------------------------+
 *   | magic         | major | kind  | front_length  | required_to_read              |
 *   +---------------+-------+-------+---------------+-------------------------------+
 *   24                              32                              40
 *   +-------------------------------+-------------------------------+---------------+
 *   | required_to_write             | ignorable                     | first_part_   |
 *   +-------------------------------+-------------------------------+---------------+
 *   44              48              52                              60           64
 *   +---------------+---------------+-------------------------------+---------------+
 *   | length        | front_crc32c  | reserved, zero                | header_crc32c |
 *   +---------------+---------------+-------------------------------+---------------+
 * </pre>
 */
public final class HeaderLayout {
    /** Bytes of the header. */
    public static final int LENGTH = 64;
    /** The only major version that this library reads and writes (R-HDR-002). */
    public static final int MAJOR_VERSION = 1;
    /** The kind of container that is a record (R-HDR-004). */
    public static final int KIND_RECORD = 1;
    /** Feature bit of {@code required_to_read}: the container has a first layer (R-LYR-001). */
    public static final long FEATURE_LAYER = 1;
    /** The feature bits that this library knows (R-HDR-005). */
    public static final long KNOWN_FEATURES = FEATURE_LAYER;

    static final int MAGIC_OFFSET = 0;
    static final int VERSION_OFFSET = 8;
    static final int KIND_OFFSET = 10;
    static final int FRONT_LENGTH_OFFSET = 12;
    static final int REQUIRED_TO_READ_OFFSET = 16;
    static final int REQUIRED_TO_WRITE_OFFSET = 24;
    static final int IGNORABLE_OFFSET = 32;
    static final int FIRST_PART_LENGTH_OFFSET = 40;
    static final int FRONT_CRC_OFFSET = 48;
    static final int RESERVED_OFFSET = 52;
    static final int HEADER_CRC_OFFSET = 60;

    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final List<Byte> MAGIC = List.of((byte) 0x8F, (byte) 0x57, (byte) 0x53, (byte) 0x50, (byte) 0x0D,
            (byte) 0x0A, (byte) 0x1A, (byte) 0x0A);

    private HeaderLayout() {}

    /**
     * What the header says once it has been checked.
     *
     * @param frontLength     bytes of the message {@code Front}
     * @param requiredToRead  feature bits, all of them known
     * @param requiredToWrite feature bits that a program must know before it changes the container (R-HDR-006)
     * @param ignorable       feature bits that nobody needs to know (R-HDR-007)
     * @param firstPartLength end of the section FIRST, not yet checked against anything
     * @param frontCrc        CRC32C of the message {@code Front}
     */
    public record Header(long frontLength, long requiredToRead, long requiredToWrite, long ignorable,
            long firstPartLength, int frontCrc) {
        /**
         * Whether the container says that it has a first layer.
         *
         * @return whether the feature bit is set
         */
        public boolean hasLayer() {
            return (requiredToRead & FEATURE_LAYER) != 0;
        }

        /**
         * Insists on knowing every feature that a program must know before it changes the container (R-HDR-006).
         *
         * @throws ContainerException {@code UNSUPPORTED_FEATURE} if a bit of {@code requiredToWrite} is not known
         */
        public void requireChangeable() throws ContainerException {
            refuseUnknown(requiredToWrite, REQUIRED_TO_WRITE_OFFSET);
        }
    }

    /**
     * Reads a header and checks all of it that needs no other section, in the order of the format's step 2.
     *
     * @param bytes at least {@link #LENGTH} bytes from the start of a container
     * @return the header
     * @throws ContainerException {@code BAD_MAGIC} (R-HDR-001), {@code UNSUPPORTED_VERSION} (R-HDR-002),
     *                            {@code HEADER_CHECKSUM} (R-HDR-003), {@code UNSUPPORTED_KIND} (R-HDR-004),
     *                            {@code UNSUPPORTED_FEATURE} (R-HDR-005) or {@code RESERVED_NOT_ZERO} (R-HDR-008)
     */
    public static Header read(MemorySegment bytes) throws ContainerException {
        for (int i = 0; i < MAGIC.size(); i++) {
            if (bytes.get(ValueLayout.JAVA_BYTE, MAGIC_OFFSET + i) != MAGIC.get(i)) {
                throw refuse(ErrorCode.BAD_MAGIC, "not a Weightspan container", MAGIC_OFFSET);
            }
        }
        int version = Short.toUnsignedInt(bytes.get(SHORT, VERSION_OFFSET));
        if (version != MAJOR_VERSION) {
            throw refuse(ErrorCode.UNSUPPORTED_VERSION, "major version " + version, VERSION_OFFSET);
        }
        if (Checksums.crc32c(bytes.asSlice(0, HEADER_CRC_OFFSET)) != bytes.get(INT, HEADER_CRC_OFFSET)) {
            throw refuse(ErrorCode.HEADER_CHECKSUM, "the header is damaged", HEADER_CRC_OFFSET);
        }
        int kind = Short.toUnsignedInt(bytes.get(SHORT, KIND_OFFSET));
        if (kind != KIND_RECORD) {
            throw refuse(ErrorCode.UNSUPPORTED_KIND, "container of kind " + kind, KIND_OFFSET);
        }
        long requiredToRead = bytes.get(LONG, REQUIRED_TO_READ_OFFSET);
        refuseUnknown(requiredToRead, REQUIRED_TO_READ_OFFSET);
        if (bytes.get(LONG, RESERVED_OFFSET) != 0) {
            throw refuse(ErrorCode.RESERVED_NOT_ZERO, "reserved bytes of the header are set", RESERVED_OFFSET);
        }
        return new Header(Integer.toUnsignedLong(bytes.get(INT, FRONT_LENGTH_OFFSET)), requiredToRead,
                bytes.get(LONG, REQUIRED_TO_WRITE_OFFSET), bytes.get(LONG, IGNORABLE_OFFSET),
                bytes.get(LONG, FIRST_PART_LENGTH_OFFSET), bytes.get(INT, FRONT_CRC_OFFSET));
    }

    /**
     * Writes a header.
     *
     * @param header what it says
     * @param dst    takes it in its first {@link #LENGTH} bytes
     */
    public static void write(Header header, MemorySegment dst) {
        dst.asSlice(0, LENGTH).fill((byte) 0);
        for (int i = 0; i < MAGIC.size(); i++) {
            dst.set(ValueLayout.JAVA_BYTE, MAGIC_OFFSET + i, MAGIC.get(i));
        }
        dst.set(SHORT, VERSION_OFFSET, (short) MAJOR_VERSION);
        dst.set(SHORT, KIND_OFFSET, (short) KIND_RECORD);
        dst.set(INT, FRONT_LENGTH_OFFSET, (int) header.frontLength());
        dst.set(LONG, REQUIRED_TO_READ_OFFSET, header.requiredToRead());
        dst.set(LONG, REQUIRED_TO_WRITE_OFFSET, header.requiredToWrite());
        dst.set(LONG, IGNORABLE_OFFSET, header.ignorable());
        dst.set(LONG, FIRST_PART_LENGTH_OFFSET, header.firstPartLength());
        dst.set(INT, FRONT_CRC_OFFSET, header.frontCrc());
        dst.set(INT, HEADER_CRC_OFFSET, Checksums.crc32c(dst.asSlice(0, HEADER_CRC_OFFSET)));
    }

    private static void refuseUnknown(long features, int offset) throws ContainerException {
        long unknown = features & ~KNOWN_FEATURES;
        if (unknown != 0) {
            throw refuse(ErrorCode.UNSUPPORTED_FEATURE, "feature bit " + Long.numberOfTrailingZeros(unknown), offset);
        }
    }

    private static ContainerException refuse(ErrorCode code, String detail, int offset) {
        return new ContainerException(code, detail, null, null, offset, null);
    }
}
