package io.weightspan.codec.entropy;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;

/**
 * Reads fields of bits, least significant bit first, from an array that may end too early.
 *
 * <p>For short streams: tables. The raw bits of blocks are read by the block decoder itself. Not thread-safe.
 */
public final class BitReader {
    private final byte[] bytes;
    private final ErrorCode code;
    private long position;

    /**
     * Begins at bit 0 of the first byte.
     *
     * @param bytes the stream; kept, not copied
     * @param code what a stream that ends too early or too late is reported as
     */
    public BitReader(byte[] bytes, ErrorCode code) {
        this.bytes = bytes;
        this.code = code;
    }

    /**
     * Reads a field.
     *
     * @param count its width, 0 to 32
     * @return its value
     * @throws ContainerException if the stream ends before the field does
     */
    public long read(int count) throws ContainerException {
        if (position + count > 8L * bytes.length) {
            throw new ContainerException(code, "bit stream of " + bytes.length + " bytes ends too early");
        }
        long value = 0;
        for (int i = 0; i < count; i++, position++) {
            value |= (bytes[(int) (position >> 3)] >> (position & 7) & 1L) << i;
        }
        return value;
    }

    /**
     * Checks that the stream ends here: only zero bits are left, fewer than eight.
     *
     * @throws ContainerException if not
     */
    public void end() throws ContainerException {
        long left = 8L * bytes.length - position;
        if (left >= 8 || read((int) left) != 0) {
            throw new ContainerException(code, "bit stream goes on after its last field");
        }
    }
}
