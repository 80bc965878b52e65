package io.weightspan.codec.container;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Single zstd frames as R-MSG-007 allows them: no dictionary, content size present, window of at most 8 MiB, nothing
 * after the frame. The frame's structure is walked here before libzstd sees it, as libzstd itself also takes several
 * frames, skippable ones and any window. Thread-safe.
 *
 * <p>Frame header (RFC 8878, section 3.1.1):
 *
 * <pre>
 *   0        4          5                    ...        ...
 *   +--------+----------+--------------------+----------+--------------+--------+-----------+
 *   | magic  |descriptor| window (0 or 1)    | dict id  | content size | blocks | checksum  |
 *   +--------+----------+--------------------+----------+--------------+--------+-----------+
 *
 *   descriptor: bits 7-6 content size flag | 5 single segment | 4 unused | 3 reserved | 2 checksum | 1-0 dict id flag
 *   block:      3 bytes: bit 0 last | bits 2-1 type (raw, RLE, compressed, reserved) | bits 23-3 size; then the bytes
 * </pre>
 */
public final class ZstdFrames {
    private static final int MAGIC = 0xFD2FB528;
    private static final int FIXED_PART = 5;
    private static final int BLOCK_HEADER = 3;
    private static final int CHECKSUM = 4;
    private static final int MAX_BLOCK = 128 << 10;
    /** A frame may not be longer than this and twice its content: room for any encoder, none for padding attacks. */
    private static final long SLACK = 1024;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Why libzstd cannot be used here, or null where it can; asked once. */
    private static final @Nullable String UNAVAILABLE = load();

    private ZstdFrames() {}

    private static @Nullable String load() {
        try {
            Zstd.compressBound(0);
            return null;
        } catch (LinkageError e) {
            return e.toString();
        }
    }

    /**
     * Whether the native library was found.
     *
     * @return false where frames can be neither read nor written
     */
    public static boolean isAvailable() {
        return UNAVAILABLE == null;
    }

    /**
     * Insists on the native library.
     *
     * @throws IllegalStateException if it was not found, with the reason
     */
    public static void ensureAvailable() {
        if (UNAVAILABLE != null) {
            throw new IllegalStateException("the native zstd library cannot be loaded: " + UNAVAILABLE);
        }
    }

    /**
     * Decodes one frame.
     *
     * @param frame  the stored bytes, all of them the frame
     * @param length bytes that it must decode to; the caller has checked that this much may be allocated
     * @return the decoded bytes, a new array of that length
     * @throws MalformedFrameException if the bytes are not one frame that R-MSG-007 allows, of that length
     */
    public static byte[] decode(MemorySegment frame, int length) throws MalformedFrameException {
        checkStructure(frame, length);
        byte[] decoded = new byte[length];
        decodeChecked(frame, decoded, 0, length);
        return decoded;
    }

    /**
     * Decodes one frame into a part of an array.
     *
     * @param frame  the stored bytes, all of them the frame
     * @param dst    takes the decoded bytes
     * @param offset where they begin in {@code dst}
     * @param length bytes that the frame must decode to
     * @throws MalformedFrameException   if the bytes are not one frame that R-MSG-007 allows, of that length
     * @throws IndexOutOfBoundsException if {@code dst} has no such range
     */
    public static void decode(MemorySegment frame, byte[] dst, int offset, int length) throws MalformedFrameException {
        Objects.checkFromIndexSize(offset, length, dst.length);
        checkStructure(frame, length);
        decodeChecked(frame, dst, offset, length);
    }

    /**
     * Decodes one frame of a length that is not known beforehand.
     *
     * @param frame the stored bytes, all of them the frame
     * @param most  bytes that it may decode to; the caller has checked that this much may be allocated
     * @return the decoded bytes, a new array
     * @throws MalformedFrameException if the bytes are not one frame that R-MSG-007 allows for its content, or its
     *                                 content is more (R-MSG-010)
     */
    public static byte[] decodeAtMost(MemorySegment frame, int most) throws MalformedFrameException {
        long content = header(frame).content();
        if (Long.compareUnsigned(content, most) > 0) {
            throw new MalformedFrameException("zstd frame says " + Long.toUnsignedString(content)
                    + " bytes of content, more than " + most);
        }
        return decode(frame, (int) content);
    }

    private static void decodeChecked(MemorySegment frame, byte[] dst, int offset, int length)
            throws MalformedFrameException {
        ensureAvailable();
        // A copy: native code must not read a mapping that another thread may close.
        byte[] bytes = frame.toArray(ValueLayout.JAVA_BYTE);
        try (ZstdDecompressCtx context = new ZstdDecompressCtx()) {
            int decoded = context.decompressByteArray(dst, offset, length, bytes, 0, bytes.length);
            if (decoded != length) {
                throw new MalformedFrameException("zstd frame gives " + decoded + " bytes, not " + length);
            }
        } catch (ZstdException e) {
            MalformedFrameException malformed = new MalformedFrameException("zstd frame: " + e.getMessage());
            malformed.initCause(e);
            throw malformed;
        }
    }

    /**
     * Encodes bytes as one frame.
     *
     * @param bytes the bytes
     * @param level 1 (fast) to 19 (small)
     * @return a new array, the whole frame
     * @throws IllegalArgumentException if the level is out of range
     */
    public static byte[] encode(byte[] bytes, int level) {
        if (level < 1 || level > 19) {
            // Levels above 19 use windows that R-MSG-007 does not allow.
            throw new IllegalArgumentException("zstd level " + level + " is not one of 1 to 19");
        }
        ensureAvailable();
        try (ZstdCompressCtx context = new ZstdCompressCtx()) {
            return context.setLevel(level).setContentSize(true).setChecksum(false).compress(bytes);
        }
    }

    private static void checkStructure(MemorySegment frame, long length) throws MalformedFrameException {
        long size = frame.byteSize();
        if (size > SLACK + 2 * length) {
            throw new MalformedFrameException("zstd frame of " + size + " bytes is too long for its content");
        }
        Header header = header(frame);
        if (header.content() != length) {
            throw new MalformedFrameException("zstd frame says " + Long.toUnsignedString(header.content())
                    + " bytes of content, not " + length);
        }
        if (header.window() > Limits.ZSTD_WINDOW) {
            throw new MalformedFrameException("zstd window of " + header.window() + " bytes");
        }
        checkBlocks(frame, header.end(), header.checksum());
    }

    /**
     * A frame's header.
     *
     * @param content  bytes of content, unsigned
     * @param window   bytes of the window
     * @param end      where the first block begins
     * @param checksum whether a checksum follows the last block
     */
    private record Header(long content, long window, long end, boolean checksum) {}

    private static Header header(MemorySegment frame) throws MalformedFrameException {
        long size = frame.byteSize();
        if (size < FIXED_PART || frame.get(INT, 0) != MAGIC) {
            throw new MalformedFrameException("not a zstd frame");
        }
        int descriptor = frame.get(ValueLayout.JAVA_BYTE, 4);
        boolean singleSegment = (descriptor & 0x20) != 0;
        if ((descriptor & 0x08) != 0) {
            throw new MalformedFrameException("zstd frame sets a reserved bit");
        }
        int sizeFlag = descriptor >> 6 & 3;
        if (sizeFlag == 0 && !singleSegment) {
            throw new MalformedFrameException("zstd frame without content size");
        }
        int sizeBytes = 1 << sizeFlag;
        int dictionaryBytes = 1 << (descriptor & 3) >> 1;
        long dictionary = singleSegment ? FIXED_PART : FIXED_PART + 1L;
        long at = dictionary + dictionaryBytes;
        if (size < at + sizeBytes) {
            throw new MalformedFrameException("zstd frame ends within its header");
        }
        for (long i = dictionary; i < at; i++) {
            // A dictionary id of 0 means none.
            if (frame.get(ValueLayout.JAVA_BYTE, i) != 0) {
                throw new MalformedFrameException("zstd frame names a dictionary");
            }
        }
        long content = switch (sizeFlag) {
            case 0 -> Byte.toUnsignedLong(frame.get(ValueLayout.JAVA_BYTE, at));
            case 1 -> Short.toUnsignedLong(frame.get(SHORT, at)) + 256;
            case 2 -> Integer.toUnsignedLong(frame.get(INT, at));
            default -> frame.get(LONG, at);
        };
        long window = singleSegment ? content : window(frame.get(ValueLayout.JAVA_BYTE, FIXED_PART));
        return new Header(content, window, at + sizeBytes, (descriptor & 0x04) != 0);
    }

    private static long window(byte descriptor) {
        long base = 1L << (10 + (descriptor >> 3 & 31));
        return base + base / 8 * (descriptor & 7);
    }

    private static void checkBlocks(MemorySegment frame, long first, boolean checksum)
            throws MalformedFrameException {
        long size = frame.byteSize();
        long at = first;
        boolean last = false;
        while (!last) {
            if (size - at < BLOCK_HEADER) {
                throw new MalformedFrameException("zstd frame ends before its last block");
            }
            int header = Short.toUnsignedInt(frame.get(SHORT, at))
                    + (Byte.toUnsignedInt(frame.get(ValueLayout.JAVA_BYTE, at + 2)) << 16);
            last = (header & 1) != 0;
            int type = header >> 1 & 3;
            int blockSize = header >> 3;
            if (type == 3 || blockSize > MAX_BLOCK) {
                throw new MalformedFrameException("zstd block of reserved type or size");
            }
            int stored = type == 1 ? 1 : blockSize;
            at += BLOCK_HEADER + stored;
        }
        long end = at + (checksum ? CHECKSUM : 0);
        if (end != size) {
            throw new MalformedFrameException("zstd frame ends at byte " + end + " of " + size);
        }
    }
}
