package io.weightspan.client.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * A folder inside the target where files are completed before they are moved to their places, so that nobody sees half
 * of one and a fetch that fails leaves the target as it was. It is locked while in use; one that a killed process left
 * behind is removed by the next fetch. For one thread.
 */
final class Staging implements AutoCloseable {

    /** Begins the name of every such folder; no file of a repo may have a name that begins so. */
    static final String PREFIX = ".weightspan-pull-";

    private static final String LOCK = "lock";
    private static final String FILES = "files";

    private final Path target;
    private final Path folder;
    private final FileChannel lockFile;

    private Staging(Path target, Path folder, FileChannel lockFile) {
        this.target = target;
        this.folder = folder;
        this.lockFile = lockFile;
    }

    /**
     * Creates a staging folder and removes those that nobody uses any more.
     *
     * @param target the folder that the files go to; exists
     * @throws IOException if it cannot be written
     */
    static Staging open(Path target) throws IOException {
        removeAbandoned(target);
        Path folder = Files.createTempDirectory(target, PREFIX);
        FileChannel lockFile = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE);
        Staging staging = new Staging(target, folder, lockFile);
        try {
            lockFile.lock();
            Files.createDirectory(folder.resolve(FILES));
            return staging;
        } catch (IOException | RuntimeException | Error e) {
            try (staging) {
                throw e;
            }
        }
    }

    /**
     * Opens a file that is to be completed.
     *
     * @param path its path in the repo, which {@link RelativePath} has accepted
     * @return an empty file, to be closed before it is placed
     * @throws HubException if this file system takes it for a file that is here already, as one that does not tell
     *     upper from lower case may
     * @throws IOException if it cannot be created
     */
    FileChannel create(String path) throws IOException {
        Path file = resolve(folder.resolve(FILES), path);
        Files.createDirectories(file.resolveSibling(""));
        try {
            return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (FileAlreadyExistsException e) {
            throw new HubException(HubException.Kind.BAD_ANSWER, "the repo has two files that this file system can't "
                    + "keep apart: '" + RelativePath.shown(path) + "'", e);
        }
    }

    /**
     * Moves a completed file to its place, where it replaces another at once.
     *
     * @param path its path in the repo
     * @throws IOException if it cannot be moved
     */
    void place(String path) throws IOException {
        Path to = resolve(target, path);
        Files.createDirectories(to.resolveSibling(""));
        Files.move(resolve(folder.resolve(FILES), path), to, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Resolves a path name by name, and checks that it stays below the folder: the last of several such checks. */
    static Path resolve(Path folder, String path) throws HubException {
        String[] names = path.split("/", -1);
        Path resolved = folder;
        try {
            for (String name : names) {
                resolved = resolved.resolve(name);
            }
        } catch (InvalidPathException e) {
            throw new HubException(HubException.Kind.BAD_ANSWER,
                    "this file system cannot hold a file named '" + RelativePath.shown(path) + "'", e);
        }
        int depth = resolved.normalize().getNameCount() - folder.normalize().getNameCount();
        if (depth != names.length || !resolved.startsWith(folder)) {
            throw new HubException(HubException.Kind.BAD_ANSWER,
                    "the server names a file outside the folder: '" + RelativePath.shown(path) + "'");
        }
        return resolved;
    }

    private static void removeAbandoned(Path target) throws IOException {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(target, PREFIX + "*")) {
            for (Path folder : found) {
                if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS) && isAbandoned(folder)) {
                    remove(folder);
                }
            }
        }
    }

    private static boolean isAbandoned(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            return lock != null;
        } catch (NoSuchFileException justCreated) {
            return false;
        } catch (OverlappingFileLockException ofThisProcess) {
            return false;
        }
    }

    private static void remove(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                    throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /**
     * Removes the folder with what was not placed.
     *
     * @throws IOException if it cannot be removed
     */
    @Override
    public void close() throws IOException {
        try (lockFile) {
            remove(folder);
        }
    }
}
