package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.regex.PatternSyntaxException;

/**
 * The files of a folder that are to be sent. Immutable.
 *
 * @param files the files, in ascending order of their paths
 */
public record LocalFiles(List<Found> files) {

    private static final Path GIT = Path.of(".git");

    /** Where the Hub's own client notes, in a folder that it has filled, what it has fetched. */
    private static final Path NOTES = Path.of(".cache", "huggingface");

    /**
     * A file.
     *
     * @param path its path below the folder, with {@code /} between the names
     * @param file where it is
     * @param size its bytes
     */
    public record Found(String path, Path file, long size) {}

    /** Copies the list. */
    public LocalFiles {
        files = List.copyOf(files);
    }

    /**
     * Looks through a folder. What git and the Hub's own client keep in it for themselves is left out.
     *
     * @param folder the folder; links to files are followed, and links to folders within it
     * @param include globs of paths below the folder, as {@link java.nio.file.FileSystem#getPathMatcher} has them, one
     *     of which a file must match; empty for all
     * @param exclude globs, none of which a file may match
     * @throws IllegalArgumentException if a glob is none
     * @throws HubException of kind {@link HubException.Kind#BAD_FILE} if a file's name can't be one of a repo, or a
     *     link leads out of the folder
     * @throws IOException if the folder can't be read
     */
    public static LocalFiles find(Path folder, List<String> include, List<String> exclude) throws IOException {
        requireNonNull(folder, "folder is null");
        List<PathMatcher> wanted = matchers(include);
        List<PathMatcher> unwanted = matchers(exclude);
        Path root = folder.toRealPath();
        List<Found> found = new ArrayList<>();
        Files.walkFileTree(root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                        return isNotes(root.relativize(directory))
                                ? FileVisitResult.SKIP_SUBTREE
                                : FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                        Path relative = root.relativize(file);
                        boolean isWanted = wanted.isEmpty() || wanted.stream().anyMatch(glob -> glob.matches(relative));
                        if (isWanted && !isNotes(relative)
                                && unwanted.stream().noneMatch(glob -> glob.matches(relative))) {
                            found.add(found(root, file, attributes));
                        }
                        return FileVisitResult.CONTINUE;
                    }
                });
        found.sort(Comparator.comparing(Found::path));
        return new LocalFiles(found);
    }

    /** In a submodule and in a further working tree {@code .git} is a file. */
    private static boolean isNotes(Path relative) {
        return relative.endsWith(GIT) || relative.endsWith(NOTES);
    }

    private static Found found(Path root, Path file, BasicFileAttributes attributes) throws IOException {
        if (!attributes.isRegularFile()) {
            throw bad(file, "is no file; leave it out with --exclude");
        }
        if (!file.toRealPath().startsWith(root)) {
            throw bad(file, "is a link out of the folder; copy the file here, or leave it out with --exclude");
        }
        List<String> names = new ArrayList<>();
        root.relativize(file).forEach(name -> names.add(name.toString()));
        String path = String.join("/", names);
        try {
            return new Found(RelativePath.check(path), file, attributes.size());
        } catch (HubException e) {
            throw new HubException(HubException.Kind.BAD_FILE,
                    file + " can't have this name in a repo; rename it, or leave it out with --exclude", e);
        }
    }

    private static HubException bad(Path file, String why) {
        return new HubException(HubException.Kind.BAD_FILE, file + " " + why);
    }

    private static List<PathMatcher> matchers(List<String> globs) {
        List<PathMatcher> matchers = new ArrayList<>();
        for (String glob : globs) {
            try {
                matchers.add(FileSystems.getDefault().getPathMatcher("glob:" + glob));
            } catch (PatternSyntaxException e) {
                throw new IllegalArgumentException("not a glob: '" + glob + "': " + e.getDescription(), e);
            }
        }
        return matchers;
    }

    /** Returns the bytes of all files. */
    public long bytes() {
        return files.stream().mapToLong(Found::size).sum();
    }
}
