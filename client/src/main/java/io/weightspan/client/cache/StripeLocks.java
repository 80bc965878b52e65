package io.weightspan.client.cache;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * Locks that hold between processes and between the threads of this one.
 *
 * <p>A fixed number of lock files is never deleted: deleting a lock file lets two processes hold a lock on two files of
 * one name.
 */
final class StripeLocks {

    /** The system's file locks belong to the process, so that threads of this one need a lock of their own. */
    private static final Map<Path, Semaphore> WITHIN_PROCESS = new ConcurrentHashMap<>();

    private final Path directory;

    /**
     * Prepares the locks of a directory.
     *
     * @param directory an existing directory, given as its real path
     */
    StripeLocks(Path directory) {
        this.directory = directory;
    }

    /**
     * Waits for a lock.
     *
     * @param stripe the lock's name, safe as a file name
     * @return the lock, to be closed by any thread; a thread that takes the same stripe twice waits for ever
     * @throws InterruptedIOException if the thread is interrupted while it waits
     * @throws IOException if the lock file cannot be opened
     */
    Held lock(String stripe) throws IOException {
        Path file = directory.resolve(stripe);
        Semaphore threads = WITHIN_PROCESS.computeIfAbsent(file, _ -> new Semaphore(1));
        try {
            threads.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (InterruptedIOException) new InterruptedIOException("interrupted while waiting for " + file)
                    .initCause(e);
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            return new Held(threads, channel, channel.lock());
        } catch (IOException | RuntimeException | Error e) {
            try {
                if (channel != null) {
                    channel.close();
                }
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            } finally {
                threads.release();
            }
            throw e;
        }
    }

    /**
     * A lock that is held until it is closed, once.
     *
     * @param threads the lock between threads
     * @param channel the lock file
     * @param lock the lock between processes
     */
    record Held(Semaphore threads, FileChannel channel, FileLock lock) implements AutoCloseable {

        @Override
        public void close() throws IOException {
            try (channel) {
                lock.release();
            } finally {
                threads.release();
            }
        }
    }
}
