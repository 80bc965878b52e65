package io.weightspan.server.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import java.util.stream.Stream;

/** The file or object that tells that a place is a store, and of which version (ST-FLD-001, ST-S3-001). */
public final class StoreMarker {

    /** The marker's name, below the store's folder or prefix. */
    public static final String NAME = "weightspan-store";

    /** What the marker of a store that this program makes says. */
    public static final String TEXT = "weightspan-store 1\n";

    /** A longer marker is none of ours. */
    public static final int MAX_BYTES = 1000;

    private StoreMarker() {}

    /**
     * Checks that a folder is a store that this program knows.
     *
     * @throws NotAStoreException if it isn't
     * @throws IOException if it can't be read
     */
    static void check(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            throw new NotAStoreException("there is no store " + folder + "; 'weightspan pack' makes one");
        }
        Path marker = folder.resolve(NAME);
        try {
            if (Files.size(marker) > MAX_BYTES || !isKnown(Files.readString(marker))) {
                throw new NotAStoreException(
                        "store " + folder + " is of a version that this program doesn't know; use a newer one");
            }
        } catch (NoSuchFileException e) {
            throw new NotAStoreException(folder + " is not a store: it has no file " + NAME);
        }
    }

    /**
     * Makes a store of a folder that isn't there or is empty; does nothing where there is a marker.
     *
     * @throws NotAStoreException if the folder has other things in it
     * @throws IOException if it can't be written
     */
    static void create(Path folder) throws IOException {
        Path marker = folder.resolve(NAME);
        if (Files.exists(marker)) {
            return;
        }
        Files.createDirectories(folder);
        try (Stream<Path> files = Files.list(folder)) {
            if (files.anyMatch(file -> !isOurs(file.getFileName().toString()))) {
                throw new NotAStoreException(
                        folder + " is not a store and is not empty; name a new or an empty folder as the store");
            }
        }
        // The marker comes before everything else, so that a store killed while it was made is a store or empty.
        Path fresh = folder.resolve(NAME + "." + UUID.randomUUID());
        DurableFiles.write(fresh, TEXT.getBytes(StandardCharsets.UTF_8));
        Files.move(fresh, marker, StandardCopyOption.ATOMIC_MOVE);
        DurableFiles.flushFolder(folder);
    }

    /** Returns whether a marker of this text is of a version that this program knows. */
    public static boolean isKnown(String text) {
        return text.strip().equals(TEXT.strip());
    }

    /** Returns whether the name is the marker's, or of one that was being written, or of what a new disk has. */
    private static boolean isOurs(String name) {
        return name.startsWith(NAME) || name.equals("lost+found");
    }
}
