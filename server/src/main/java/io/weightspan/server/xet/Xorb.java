package io.weightspan.server.xet;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ByteSource;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A sequence of chunks, each with a header that says how it is compressed
 * (<a href="https://huggingface.co/docs/xet/xorb">Xet's specification of xorbs</a>). What older clients write behind the
 * last chunk is left alone. Reading it is safe for several threads where its source is.
 */
final class Xorb implements Closeable {

    /** The specification's 64 MiB, and room for what older clients write behind the chunks. */
    static final long MAX_BYTES = 72L << 20;

    private static final int HEADER = 8;

    /** A multiple of what clients write, 8,192: they cut files into pieces of 64 KiB on average. */
    private static final int MAX_CHUNKS = 1 << 16;

    private static final int MAX_CHUNK_BYTES = 1 << 17;
    private static final int VERSION = 0;

    /** "XETBLOB": where older clients' footer begins. */
    private static final byte[] FOOTER = {'X', 'E', 'T', 'B', 'L', 'O', 'B'};

    private static final ValueLayout.OfLong HEADER_LAYOUT =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final ByteSource source;
    private final long[] headers;
    private final int[] offsets;

    private Xorb(ByteSource source, long[] headers, int[] offsets) {
        this.source = source;
        this.headers = headers;
        this.offsets = offsets;
    }

    /**
     * Finds the chunks of a xorb.
     *
     * @param source the xorb, closed with what is returned, or by this method if it fails
     * @throws XetFormatException if it has too many bytes or chunks, ends within a chunk, or has a header that can't be
     * @throws IOException if it can't be read
     */
    static Xorb open(ByteSource source) throws IOException {
        requireNonNull(source, "source is null");
        try {
            return index(source);
        } catch (IOException | RuntimeException e) {
            source.close();
            throw e;
        }
    }

    private static Xorb index(ByteSource source) throws IOException {
        if (source.size() > MAX_BYTES) {
            throw new XetFormatException(
                    "the xorb has " + source.size() + " bytes; there may be " + MAX_BYTES + " at most");
        }
        int size = (int) source.size();
        long[] headers = new long[16];
        int[] offsets = new int[16];
        int count = 0;
        for (int at = 0; at < size && !isFooter(source, at, size); count++) {
            if (count == MAX_CHUNKS) {
                throw new XetFormatException("the xorb has more than " + MAX_CHUNKS + " chunks");
            }
            if (size - at < HEADER) {
                throw new XetFormatException("the xorb ends within the header of chunk " + count);
            }
            if (count == headers.length) {
                headers = Arrays.copyOf(headers, 2 * count);
                offsets = Arrays.copyOf(offsets, 2 * count);
            }
            headers[count] = source.read(at, HEADER).get(HEADER_LAYOUT, 0);
            check(headers[count], count);
            offsets[count] = at + HEADER;
            if (size - offsets[count] < stored(headers[count])) {
                throw new XetFormatException("the xorb ends within chunk " + count);
            }
            at = offsets[count] + stored(headers[count]);
        }
        return new Xorb(source, Arrays.copyOf(headers, count), Arrays.copyOf(offsets, count));
    }

    /** Returns how many chunks there are. */
    int chunks() {
        return headers.length;
    }

    /**
     * Returns the number of bytes of a chunk.
     *
     * @param chunk from 0 to less than {@link #chunks}
     */
    int size(int chunk) {
        return size(headers[chunk]);
    }

    /**
     * Decompresses a chunk.
     *
     * @param chunk from 0 to less than {@link #chunks}
     * @return its bytes
     * @throws XetFormatException if they can't be had, or are more or fewer than its header says
     * @throws IOException if the xorb can't be read
     */
    byte[] read(int chunk) throws IOException {
        long header = headers[chunk];
        MemorySegment stored = source.read(offsets[chunk], stored(header));
        try {
            return ChunkScheme.of(scheme(header)).decompress(stored, size(header));
        } catch (XetFormatException e) {
            throw new XetFormatException("chunk " + chunk + " " + e.getMessage(), e);
        }
    }

    @Override
    public void close() throws IOException {
        source.close();
    }

    private static boolean isFooter(ByteSource source, int at, int size) throws IOException {
        return size - at >= FOOTER.length
                && source.read(at, FOOTER.length).mismatch(MemorySegment.ofArray(FOOTER)) < 0;
    }

    private static void check(long header, int chunk) throws XetFormatException {
        int version = (int) header & 0xFF;
        if (version != VERSION) {
            throw new XetFormatException("chunk " + chunk + " is of version " + version + "; known is " + VERSION);
        }
        if (ChunkScheme.of(scheme(header)) == ChunkScheme.UNKNOWN) {
            throw new XetFormatException("chunk " + chunk + " is compressed in an unknown way, " + scheme(header));
        }
        int size = size(header);
        // More bytes than the chunk has are never written: it would be stored as it is.
        if (size == 0 || size > MAX_CHUNK_BYTES || stored(header) > MAX_CHUNK_BYTES) {
            throw new XetFormatException(
                    "chunk " + chunk + " has " + size + " bytes, stored as " + stored(header)
                            + "; it may have 1 to " + MAX_CHUNK_BYTES);
        }
    }

    private static int stored(long header) {
        return (int) (header >>> 8) & 0xFFFFFF;
    }

    private static int scheme(long header) {
        return (int) (header >>> 32) & 0xFF;
    }

    private static int size(long header) {
        return (int) (header >>> 40) & 0xFFFFFF;
    }
}
