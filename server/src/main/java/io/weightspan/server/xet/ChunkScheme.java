package io.weightspan.server.xet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.xxhash.XXHashFactory;

/** The ways in which a chunk is compressed. */
enum ChunkScheme {

    /** As it is. */
    NONE,

    /** A frame of LZ4. */
    LZ4,

    /** Every fourth byte first, then those behind them, and so on; all of that as a frame of LZ4. */
    BYTE_GROUPING_4_LZ4,

    /** Any other. */
    UNKNOWN;

    private static final int GROUPS = 4;

    /** Returns the way of a number in a chunk's header. */
    static ChunkScheme of(int number) {
        return switch (number) {
            case 0 -> NONE;
            case 1 -> LZ4;
            case 2 -> BYTE_GROUPING_4_LZ4;
            default -> UNKNOWN;
        };
    }

    /**
     * Decompresses a chunk.
     *
     * @param stored its bytes as they are stored
     * @param size how many bytes come of them
     * @throws XetFormatException if they can't be had, or are more or fewer; the message continues "the chunk ..."
     */
    byte[] decompress(MemorySegment stored, int size) throws XetFormatException {
        byte[] bytes = stored.toArray(ValueLayout.JAVA_BYTE);
        return switch (this) {
            case NONE -> ofSize(bytes, size);
            case LZ4 -> frame(bytes, size);
            case BYTE_GROUPING_4_LZ4 -> ungroup(frame(bytes, size));
            case UNKNOWN -> throw new XetFormatException("is compressed in an unknown way");
        };
    }

    private static byte[] frame(byte[] bytes, int size) throws XetFormatException {
        // Without native code or unchecked access to memory: anybody may have sent these bytes.
        try (LZ4FrameInputStream in = new LZ4FrameInputStream(
                new ByteArrayInputStream(bytes),
                LZ4Factory.safeInstance().safeDecompressor(),
                XXHashFactory.safeInstance().hash32())) {
            return ofSize(in.readNBytes(size + 1), size);
        } catch (XetFormatException e) {
            throw e;
        } catch (IOException | LZ4Exception e) {
            throw new XetFormatException("is no frame of LZ4 that can be read: " + e.getMessage(), e);
        }
    }

    private static byte[] ofSize(byte[] bytes, int size) throws XetFormatException {
        if (bytes.length != size) {
            String found = bytes.length > size ? "more" : Integer.toString(bytes.length);
            throw new XetFormatException("has " + found + " bytes, not " + size + " as its header says");
        }
        return bytes;
    }

    private static byte[] ungroup(byte[] grouped) {
        byte[] bytes = new byte[grouped.length];
        int at = 0;
        for (int group = 0; group < GROUPS; group++) {
            for (int i = group; i < bytes.length; i += GROUPS) {
                bytes[i] = grouped[at++];
            }
        }
        return bytes;
    }
}
