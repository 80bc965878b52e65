package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;

/**
 * Finds the files of a folder that is to become a repository. Links are followed where they stay inside the folder.
 * Left out are {@code .git} and {@code .cache/huggingface}, which belong to tools on the uploader's machine.
 */
final class FolderScanner {

    /** A repository has at most this many files, so that one commit stays a small object. */
    private static final int MAX_FILES = 100_000;

    private FolderScanner() {}

    /**
     * A file of the folder.
     *
     * @param path its path in the repository
     * @param file where it is
     * @param size its length when it was found
     */
    record Found(String path, Path file, long size) {}

    /**
     * Scans a folder.
     *
     * @return its files in ascending order of path, at least one
     * @throws UnsafeFileException if a name breaks the rules of {@link RepoPath}, if a link leads outside or in a
     *     circle, or something is neither file nor folder
     * @throws NothingToPackException if there is no folder or no file in it
     * @throws IOException if the folder can't be read
     */
    static List<Found> scan(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new NothingToPackException(
                    Files.exists(folder) ? folder + " is a file, not a folder" : "there is no folder " + folder);
        }
        List<Found> files = new ArrayList<>();
        Files.walkFileTree(folder, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE,
                new Visitor(folder, files));
        if (files.isEmpty()) {
            throw new NothingToPackException(folder + " has no files");
        }
        boolean onlyFolders = files.stream().allMatch(file -> file.path().contains("/"));
        if (onlyFolders && holdsMembers(folder)) {
            throw new NothingToPackException(
                    folder + " holds only folders with weights. Each folder you name becomes one"
                            + " repository; to pack all of them, name " + folder + "/*");
        }
        files.sort(Comparator.comparing(Found::path));
        return files;
    }

    /** Returns whether some folder right below has weight files of its own. */
    private static boolean holdsMembers(Path folder) throws IOException {
        try (Stream<Path> below = Files.walk(folder, 2, FileVisitOption.FOLLOW_LINKS)) {
            return below.anyMatch(file -> FileTypes.isSafetensors(file.getFileName().toString()));
        }
    }

    /** Collects the files of a walk. */
    private static final class Visitor extends SimpleFileVisitor<Path> {

        private final Path folder;
        private final Path realFolder;
        private final List<Found> files;

        Visitor(Path folder, List<Found> files) throws IOException {
            this.folder = folder;
            this.realFolder = folder.toRealPath();
            this.files = files;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) throws IOException {
            String relative = relative(path);
            if (path.endsWith(".git") || relative.equals(".cache/huggingface")) {
                return FileVisitResult.SKIP_SUBTREE;
            }
            checkInside(path);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) throws IOException {
            if (attributes.isSymbolicLink()) {
                throw new UnsafeFileException(path, "it is a link to nothing");
            }
            if (!attributes.isRegularFile()) {
                throw new UnsafeFileException(path, "it is neither a file nor a folder");
            }
            checkInside(path);
            if (files.size() >= MAX_FILES) {
                throw new UnsafeFileException(folder, "it has more than " + MAX_FILES + " files");
            }
            String relative = relative(path);
            // This is what Java makes of bytes that are no text in the locale's encoding; the real name is lost.
            if (relative.indexOf('\uFFFD') >= 0) {
                throw new UnsafeFileException(
                        path, "its name is not valid in this locale; try LC_ALL=C.UTF-8, or rename it");
            }
            try {
                files.add(new Found(RepoPath.check(relative), path, attributes.size()));
            } catch (InvalidNameException e) {
                throw new UnsafeFileException(e);
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path path, IOException failure) throws IOException {
            if (failure instanceof FileSystemLoopException) {
                throw new UnsafeFileException(path, "it is a link to a folder that it is in");
            }
            throw failure;
        }

        /** Refuses what a link has led out of the folder; a pack must not carry off what its user didn't name. */
        private void checkInside(Path path) throws IOException {
            if (!path.toRealPath().startsWith(realFolder)) {
                throw new UnsafeFileException(
                        path, "it is a link that leads outside " + folder
                                + "; replace links by files (cp -rL) and pack the copy");
            }
        }

        private String relative(Path path) {
            return requireNonNull(folder.relativize(path)).toString();
        }
    }
}
