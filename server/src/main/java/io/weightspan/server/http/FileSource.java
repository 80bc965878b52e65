package io.weightspan.server.http;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** A file as a body for connections that change bytes on their way, so that the system can't hand it over itself. */
final class FileSource implements ContentSource {

    private final FileChannel file;
    private final long length;

    /**
     * Wraps a file.
     *
     * @param file closed with this
     * @param length bytes of it that may be read
     */
    FileSource(FileChannel file, long length) {
        this.file = file;
        this.length = length;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public void read(long offset, MemorySegment target) throws IOException {
        ByteBuffer buffer = target.asByteBuffer();
        while (buffer.hasRemaining()) {
            if (file.read(buffer, offset + buffer.position()) < 0) {
                throw new EOFException("the file ends before byte " + (offset + target.byteSize()));
            }
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
