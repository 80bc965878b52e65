package io.weightspan.server.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder under {@code tmp} for the files of one session, and the lock that tells other processes that it is in use
 * (ST-FLD-005). Safe for several threads.
 */
public final class Scratch implements Closeable {

    private static final String LOCK_SUFFIX = ".lock";

    private final FolderLocks locks;
    private final String name;
    private final Path folder;
    private final Path lockFile;
    private final FileChannel lock;
    private final AtomicLong names = new AtomicLong();

    private Scratch(FolderLocks locks, String name, Path folder, Path lockFile, FileChannel lock) {
        this.locks = locks;
        this.name = name;
        this.folder = folder;
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /**
     * Creates a scratch folder for a session whose store is elsewhere, and deletes those that processes which are gone
     * have left in the same place.
     *
     * @param tmp a local folder that is there, for scratch folders alone
     * @return the folder, which the caller closes
     * @throws IOException if the place can't be read or written
     */
    public static Scratch open(Path tmp) throws IOException {
        FolderLocks locks = FolderLocks.of(tmp.toRealPath());
        sweep(tmp, locks);
        return create(tmp, locks);
    }

    /** Creates and locks a new scratch folder in a {@code tmp} folder that is there. */
    static Scratch create(Path tmp, FolderLocks locks) throws IOException {
        while (true) {
            String name = UUID.randomUUID().toString();
            Path lockFile = tmp.resolve(name + LOCK_SUFFIX);
            locks.use(name);
            @Nullable
            FileChannel channel = null;
            try {
                channel = FileChannel.open(lockFile, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
                channel.lock();
                // A sweep of another process may have taken the file for stale before it was locked.
                if (Files.exists(lockFile)) {
                    return new Scratch(locks, name, Files.createDirectory(tmp.resolve(name)), lockFile, channel);
                }
            } catch (IOException | RuntimeException e) {
                if (channel != null) {
                    Files.deleteIfExists(lockFile);
                    channel.close();
                }
                locks.release(name);
                throw e;
            }
            channel.close();
            locks.release(name);
        }
    }

    /**
     * Deletes the scratch folders of processes that are gone; those in use stay. One thread at a time: locks of files
     * are the process's, and a second thread can't ask for one.
     */
    static synchronized void sweep(Path tmp, FolderLocks locks) throws IOException {
        List<Path> lockFiles;
        try (Stream<Path> files = Files.list(tmp)) {
            lockFiles = files.filter(file -> file.getFileName().toString().endsWith(LOCK_SUFFIX)).toList();
        }
        for (Path lockFile : lockFiles) {
            String fileName = lockFile.getFileName().toString();
            String name = fileName.substring(0, fileName.length() - LOCK_SUFFIX.length());
            if (!locks.isInUse(name)) {
                sweepOne(lockFile, tmp.resolve(name));
            }
        }
    }

    private static void sweepOne(Path lockFile, Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE)) {
            @Nullable
            FileLock lock = channel.tryLock();
            if (lock != null) {
                DurableFiles.deleteTree(folder);
                Files.deleteIfExists(lockFile);
            }
        } catch (NoSuchFileException e) {
            // Another process swept it first, which is all that was wanted.
            return;
        }
    }

    /** Returns the name of a file in the folder that nobody has been given yet. */
    public Path newFile() {
        return folder.resolve(Long.toString(names.incrementAndGet()));
    }

    /** Deletes the folder, then lets go of the lock. A second call does nothing. */
    @Override
    public void close() throws IOException {
        if (!lock.isOpen()) {
            return;
        }
        try {
            DurableFiles.deleteTree(folder);
            Files.deleteIfExists(lockFile);
        } finally {
            lock.close();
            locks.release(name);
        }
    }
}
