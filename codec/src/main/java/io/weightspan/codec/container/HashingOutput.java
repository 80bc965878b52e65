package io.weightspan.codec.container;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;

/** A channel behind a buffer, with a count and a SHA-256 of everything written. For one thread. */
final class HashingOutput implements Closeable {
    private static final int BUFFER = 1 << 18;

    private final WritableByteChannel channel;
    private final byte[] buffer = new byte[BUFFER];
    private final MessageDigest hash = Digest.newHash();
    private int filled;
    private long length;

    HashingOutput(WritableByteChannel channel) {
        this.channel = channel;
    }

    /** Bytes written so far. */
    long length() {
        return length;
    }

    void write(MemorySegment bytes) throws IOException {
        long at = 0;
        while (at < bytes.byteSize()) {
            int count = (int) Math.min(BUFFER - filled, bytes.byteSize() - at);
            MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, buffer, filled, count);
            filled += count;
            at += count;
            if (filled == BUFFER) {
                flush();
            }
        }
        length += bytes.byteSize();
    }

    /** Writes zeros up to the next multiple of 8 (R-LAY-001, R-LAY-002). */
    void pad() throws IOException {
        write(MemorySegment.ofArray(new byte[Sections.padding(length)]));
    }

    /** Hands the last bytes to the channel and gives the digest of all. */
    Digest finish() throws IOException {
        flush();
        return Digest.finish(hash);
    }

    private void flush() throws IOException {
        hash.update(buffer, 0, filled);
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, filled);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        filled = 0;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
