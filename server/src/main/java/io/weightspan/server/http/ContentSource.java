package io.weightspan.server.http;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * The bytes of a body that are made while they are sent.
 *
 * <p>Each read gives the same bytes, whoever asks and in whatever order, so that a resumed download continues the
 * file it began. Thread-safe.
 */
public interface ContentSource extends Closeable {

    /** Returns the number of bytes in all. */
    long length();

    /**
     * Returns where a piece that begins at an offset should end, so that the piece after it needs nothing of what this
     * one decoded.
     *
     * @param offset where the piece begins, in {@code [0, limit)}
     * @param limit where it must end at the latest
     * @return an offset in {@code (offset, limit]}
     */
    default long pieceEnd(long offset, long limit) {
        return limit;
    }

    /**
     * Fills a segment with the bytes from an offset on.
     *
     * @param offset of the first byte; the segment must end within {@link #length()}
     * @param target a native segment, filled whole on return
     * @throws IOException if the bytes can't be made; the target's content is then undefined
     */
    void read(long offset, MemorySegment target) throws IOException;
}
