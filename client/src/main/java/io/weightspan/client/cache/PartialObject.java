package io.weightspan.client.cache;

import io.weightspan.codec.container.Digest;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/**
 * An object on its way into the cache. What has arrived stays on disk when this is closed, so that a later attempt, of
 * this process or another, goes on from there. Holds a lock on the object until it is closed. For one thread.
 */
public final class PartialObject implements Closeable {

    private static final int READ_BYTES = 1 << 20;

    private final Digest object;
    private final long size;
    private final Path part;
    private final Path target;
    private final FileChannel channel;
    private final StripeLocks.Held lock;
    private final MessageDigest hash = Digest.newHash();
    private long length;

    private PartialObject(Digest object, long size, Path part, Path target, FileChannel channel,
            StripeLocks.Held lock) {
        this.object = object;
        this.size = size;
        this.part = part;
        this.target = target;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Opens what has arrived so far and hashes it.
     *
     * @param lock the lock on the object; this object closes it, also where this method fails
     */
    static PartialObject open(Digest object, long size, Path part, Path target, StripeLocks.Held lock)
            throws IOException {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
            PartialObject partial = new PartialObject(object, size, part, target, channel, lock);
            partial.hashWhatIsThere();
            return partial;
        } catch (IOException | RuntimeException | Error e) {
            try (lock) {
                if (channel != null) {
                    channel.close();
                }
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    private void hashWhatIsThere() throws IOException {
        if (channel.size() > size) {
            restart();
            return;
        }
        ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES);
        while (channel.read(buffer, length) > 0) {
            buffer.flip();
            length += buffer.remaining();
            hash.update(buffer);
            buffer.clear();
        }
        channel.position(length);
    }

    /** Returns the bytes that are there, counted from the object's first. */
    public long length() {
        return length;
    }

    /** Returns the bytes that the whole object has. */
    public long size() {
        return size;
    }

    /**
     * Forgets what has arrived.
     *
     * @throws CacheException if the file cannot be changed
     */
    public void restart() throws CacheException {
        try {
            channel.truncate(0);
            channel.position(0);
        } catch (IOException e) {
            throw new CacheException(part, e);
        }
        hash.reset();
        length = 0;
    }

    /**
     * Adds the bytes that follow those that are there.
     *
     * @param bytes consumed to their limit
     * @throws WrongObjectException if the object would become longer than it is; nothing is added then
     * @throws CacheException if the file cannot be written
     */
    public void append(ByteBuffer bytes) throws IOException {
        int count = bytes.remaining();
        if (count > size - length) {
            throw new WrongObjectException(object, "the server sends more than its " + size + " bytes");
        }
        ByteBuffer hashed = bytes.duplicate();
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw new CacheException(part, e);
        }
        hash.update(hashed);
        length += count;
    }

    /**
     * Checks the object and puts it where {@link ObjectCache#find} sees it. This must only be closed afterwards.
     *
     * @return the file
     * @throws EOFException if bytes are missing still; they may be added and this called again
     * @throws WrongObjectException if the SHA-256 is another; what has arrived is forgotten then
     * @throws CacheException if the file cannot be written
     */
    public Path commit() throws IOException {
        if (length != size) {
            throw new EOFException("object " + object.hex() + " has " + length + " of " + size + " bytes");
        }
        Digest found = Digest.finish(hash);
        if (!found.equals(object)) {
            restart();
            throw new WrongObjectException(object, "the server's bytes have the SHA-256 " + found.hex());
        }
        try {
            // A crash after the rename must not leave a whole-looking file of zeros.
            channel.force(true);
            Files.createDirectories(target.resolveSibling(""));
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new CacheException(part, e);
        }
        return target;
    }

    /**
     * Lets go of the object. What has arrived stays; an empty file does not.
     *
     * @throws IOException if the file cannot be closed
     */
    @Override
    public void close() throws IOException {
        try (lock; channel) {
            if (length == 0 && channel.size() == 0 && size != 0) {
                Files.deleteIfExists(part);
            }
        }
    }
}
