package io.weightspan.server.audit;

import static java.util.Objects.requireNonNull;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A file of lines to which is only appended. A file that was moved or deleted is begun anew, so that whatever rotates
 * logs may do so at any time. Thread-safe.
 */
public final class AuditLog implements Closeable {

    private final Path path;
    private FileChannel channel;
    private @Nullable Object key;
    private boolean torn;
    private boolean closed;

    private AuditLog(Path path) throws IOException {
        this.path = requireNonNull(path, "path is null");
        this.channel = append(path);
        this.key = key(path);
    }

    /**
     * Opens a log, or creates it.
     *
     * @throws IOException if the file can't be written
     */
    public static AuditLog open(Path path) throws IOException {
        return new AuditLog(path);
    }

    /**
     * Makes sure that the file is there and open, before something is done that must be logged.
     *
     * @throws IOException if the file can't be written, or the log is closed
     */
    public synchronized void check() throws IOException {
        if (closed) {
            throw new IOException("the audit log " + path + " is closed");
        }
        Object there = key(path);
        // An interrupted thread closes the channel in which it writes.
        if (channel.isOpen() && there != null && Objects.equals(there, key)) {
            return;
        }
        channel.close();
        channel = append(path);
        key = key(path);
        torn = torn && Objects.equals(there, key);
    }

    /**
     * Appends a line; it is on the disk when this returns.
     *
     * @param line the line in UTF-8, without its end
     * @throws IOException if it can't be written, or the log is closed
     */
    public synchronized void append(byte[] line) throws IOException {
        check();
        ByteBuffer bytes = ByteBuffer.allocate(Math.addExact(line.length, 2));
        if (torn) {
            // A line of which a full disk took but a part must not take this one with it.
            bytes.put((byte) '\n');
        }
        bytes.put(line).put((byte) '\n').flip();
        torn = true;
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        torn = false;
        channel.force(false);
    }

    /**
     * Closes the file.
     *
     * @throws IOException if it can't be closed
     */
    @Override
    public synchronized void close() throws IOException {
        closed = true;
        channel.close();
    }

    private static FileChannel append(Path path) throws IOException {
        return FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /** Returns what tells a file from another that has its name later, or null where there is no file. */
    private static @Nullable Object key(Path path) throws IOException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            Object key = attributes.fileKey();
            return key == null ? attributes.creationTime() : key;
        } catch (NoSuchFileException e) {
            return null;
        }
    }
}
