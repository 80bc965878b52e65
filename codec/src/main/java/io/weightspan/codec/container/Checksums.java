package io.weightspan.codec.container;

import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/** CRC32C of memory segments of any length. */
public final class Checksums {
    private static final long SLICE = 1L << 30;

    private Checksums() {}

    /**
     * The CRC32C of some bytes: the Castagnoli polynomial, reflected, initial value and final XOR 0xFFFFFFFF.
     *
     * @param bytes the bytes, of any length
     * @return the checksum as its 32 bits
     */
    public static int crc32c(MemorySegment bytes) {
        CRC32C crc = new CRC32C();
        for (long at = 0; at < bytes.byteSize(); at += SLICE) {
            crc.update(bytes.asSlice(at, Math.min(SLICE, bytes.byteSize() - at)).asByteBuffer());
        }
        return (int) crc.getValue();
    }
}
