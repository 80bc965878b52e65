package io.weightspan.server.store;

import io.weightspan.codec.container.Digest;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The locks of one store in a folder, against the threads of this process and against other processes.
 *
 * <p>The operating system gives file locks to a process as a whole, and drops them when the process closes any
 * descriptor of the file. So there is one instance a store and process, which sees to it that no lock file is open
 * twice.
 */
final class FolderLocks {

    private static final int STRIPES = 64;
    private static final ConcurrentHashMap<Path, FolderLocks> BY_STORE = new ConcurrentHashMap<>();

    private final Path folder;
    private final List<ReentrantLock> stripes = new ArrayList<>(STRIPES);
    private final Set<String> scratchNames = ConcurrentHashMap.newKeySet();

    // The state of locks/sessions; guarded by this.
    private int sessions;
    private boolean cleaning;
    private @Nullable FileChannel sessionsFile;

    private FolderLocks(Path folder) {
        this.folder = folder;
        for (int i = 0; i < STRIPES; i++) {
            stripes.add(new ReentrantLock());
        }
    }

    /**
     * Returns the locks of a store.
     *
     * @param store the store's real path
     */
    static FolderLocks of(Path store) {
        return BY_STORE.computeIfAbsent(store, path -> new FolderLocks(path.resolve("locks")));
    }

    /** Waits for the lock that changes of a value need (ST-FLD-003); the caller closes it. */
    Closeable lockValue(String key) throws IOException {
        byte[] hash = Digest.newHash().digest(key.getBytes(StandardCharsets.UTF_8));
        int stripe = Byte.toUnsignedInt(hash[0]) % STRIPES;
        ReentrantLock inside = stripes.get(stripe);
        inside.lock();
        try {
            FileChannel channel = openLockFile(String.format("value-%02d", stripe));
            try {
                channel.lock();
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
            return () -> {
                try {
                    channel.close();
                } finally {
                    inside.unlock();
                }
            };
        } catch (IOException | RuntimeException e) {
            inside.unlock();
            throw e;
        }
    }

    /** Waits until nobody cleans, and then keeps cleaners out until {@link #exitSession} (ST-FLD-004). */
    synchronized void enterSession() throws IOException {
        boolean interrupted = false;
        while (cleaning) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true; // a cleaner is quick: finish waiting, then pass the interrupt on
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (sessions == 0) {
            FileChannel channel = openLockFile("sessions");
            try {
                channel.lock(0, Long.MAX_VALUE, true);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
            sessionsFile = channel;
        }
        sessions++;
    }

    /** Ends what {@link #enterSession} began. */
    synchronized void exitSession() throws IOException {
        sessions--;
        if (sessions == 0 && sessionsFile != null) {
            FileChannel channel = sessionsFile;
            sessionsFile = null;
            channel.close();
        }
    }

    /** Keeps sessions out until the result is closed; empty where a session or a cleaner is at work. */
    synchronized Optional<Closeable> tryClean() throws IOException {
        if (cleaning || sessions > 0) {
            return Optional.empty();
        }
        FileChannel channel = openLockFile("sessions");
        @Nullable
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        if (lock == null) {
            channel.close();
            return Optional.empty();
        }
        cleaning = true;
        return Optional.of(() -> endCleaning(channel));
    }

    /** Remembers that a scratch folder of this process is in use, so that this process never tries its lock. */
    void use(String scratchName) {
        scratchNames.add(scratchName);
    }

    /** Forgets a scratch folder; its lock is released. */
    void release(String scratchName) {
        scratchNames.remove(scratchName);
    }

    /** Returns whether a scratch folder of this name is in use by this process. */
    boolean isInUse(String scratchName) {
        return scratchNames.contains(scratchName);
    }

    private synchronized void endCleaning(FileChannel channel) throws IOException {
        if (!channel.isOpen()) {
            return;
        }
        try {
            channel.close();
        } finally {
            cleaning = false;
            notifyAll();
        }
    }

    private FileChannel openLockFile(String name) throws IOException {
        return FileChannel.open(
                folder.resolve(name), StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
    }
}
