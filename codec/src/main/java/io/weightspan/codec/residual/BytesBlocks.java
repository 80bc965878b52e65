package io.weightspan.codec.residual;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.MalformedFrameException;
import io.weightspan.codec.container.ZstdFrames;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Blocks of the residual {@code bytes} ({@code encodings/bytes.md}). Stateless and thread-safe. */
public final class BytesBlocks {
    private static final byte RAW = 0;
    private static final byte ZSTD = 1;

    private BytesBlocks() {}

    /**
     * Encodes a block in the mode that takes fewer bytes.
     *
     * @param bytes 1 to 1,048,576 bytes
     * @param level zstd's, 1 to 22
     * @return the stored bytes
     */
    public static byte[] encode(MemorySegment bytes, int level) {
        byte[] plain = bytes.toArray(ValueLayout.JAVA_BYTE);
        byte[] frame = ZstdFrames.encode(plain, level);
        boolean smaller = frame.length < plain.length;
        byte[] payload = smaller ? frame : plain;
        byte[] block = new byte[1 + payload.length];
        block[0] = smaller ? ZSTD : RAW;
        System.arraycopy(payload, 0, block, 1, payload.length);
        return block;
    }

    /**
     * Decodes a block.
     *
     * @param block the stored bytes
     * @param out receives the block's bytes; its size is what they must be
     * @throws ContainerException {@code MALFORMED_BLOCK} if R-BYT-001 is broken
     */
    public static void decode(MemorySegment block, MemorySegment out) throws ContainerException {
        byte mode = block.byteSize() == 0 ? -1 : block.get(ValueLayout.JAVA_BYTE, 0);
        if (mode == RAW && block.byteSize() == 1 + out.byteSize()) {
            out.copyFrom(block.asSlice(1));
        } else if (mode == ZSTD) {
            try {
                out.copyFrom(MemorySegment.ofArray(
                        ZstdFrames.decode(block.asSlice(1), Math.toIntExact(out.byteSize()))));
            } catch (MalformedFrameException e) {
                throw new ContainerException(
                        ErrorCode.MALFORMED_BLOCK, "block: " + e.getMessage(), null, null, -1, e);
            }
        } else {
            throw new ContainerException(ErrorCode.MALFORMED_BLOCK, "block of bytes has a bad mode or length");
        }
    }
}
