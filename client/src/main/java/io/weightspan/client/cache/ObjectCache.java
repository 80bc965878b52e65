package io.weightspan.client.cache;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Objects on disk, named by the SHA-256 of their bytes.
 *
 * <pre>
 * objects/ab/cdef...    whole objects: checked when they arrived, never changed, their time is that of the last use
 * partial/abcdef...     what has arrived of an object
 * locks/ab              held while an object beginning with ab arrives
 * </pre>
 *
 * <p>Any number of processes may use one directory. An object that was found may be evicted by another process before
 * it is opened; opening it fails with {@link NoSuchFileException} then and the caller gets it again. Once open it stays
 * readable. Thread-safe.
 */
public final class ObjectCache {

    /** A use is written down at most this often, so that reading does not become writing. */
    private static final Duration USE_RESOLUTION = Duration.ofMinutes(1);

    /** What has arrived of an object is kept this long for somebody to go on with. */
    private static final Duration PARTIAL_LIFE = Duration.ofDays(7);

    private static final int STRIPE_DIGITS = 2;

    private final Path objects;
    private final Path partial;
    private final StripeLocks locks;

    private ObjectCache(Path directory) throws IOException {
        objects = Files.createDirectories(directory.resolve("objects"));
        partial = Files.createDirectories(directory.resolve("partial"));
        locks = new StripeLocks(Files.createDirectories(directory.resolve("locks")));
    }

    /**
     * Opens a cache.
     *
     * @param directory created with its parents if it is not there
     * @throws IOException if it cannot be created
     */
    public static ObjectCache open(Path directory) throws IOException {
        Files.createDirectories(requireNonNull(directory, "directory is null"));
        return new ObjectCache(directory.toRealPath());
    }

    /**
     * Returns the directory that a process uses unless told otherwise: {@code $WEIGHTSPAN_CACHE}, else
     * {@code $XDG_CACHE_HOME/weightspan}, else {@code ~/.cache/weightspan}.
     */
    public static Path defaultDirectory() {
        String told = System.getenv("WEIGHTSPAN_CACHE");
        if (told != null && !told.isBlank()) {
            return Path.of(told);
        }
        String caches = System.getenv("XDG_CACHE_HOME");
        Path base = caches != null && !caches.isBlank()
                ? Path.of(caches)
                : Path.of(System.getProperty("user.home"), ".cache");
        return base.resolve("weightspan");
    }

    /**
     * Looks for an object and notes that it is used.
     *
     * @param object its digest
     * @param size its bytes; a file of another size is removed, as it is not the object
     * @return the file, empty if it is not there
     * @throws IOException if the directory cannot be read
     */
    public Optional<Path> find(Digest object, long size) throws IOException {
        Path file = path(object);
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            if (attributes.size() != size) {
                Files.deleteIfExists(file);
                return Optional.empty();
            }
            Instant now = Instant.now();
            if (attributes.lastModifiedTime().toInstant().isBefore(now.minus(USE_RESOLUTION))) {
                Files.setLastModifiedTime(file, FileTime.from(now));
            }
            return Optional.of(file);
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        }
    }

    /**
     * Begins to take in an object, or goes on where somebody stopped. Waits while another thread or process takes in
     * the same object, or one whose digest begins alike; a thread must not begin two at once.
     *
     * @param object its digest
     * @param size its bytes, at least 0
     * @return the object so far; empty if it is whole and in the cache by now
     * @throws IOException if the cache cannot be written
     */
    public Optional<PartialObject> begin(Digest object, long size) throws IOException {
        StripeLocks.Held lock = locks.lock(object.hex().substring(0, STRIPE_DIGITS));
        boolean present;
        try {
            present = find(object, size).isPresent();
        } catch (IOException | RuntimeException | Error e) {
            try (lock) {
                throw e;
            }
        }
        if (present) {
            lock.close();
            return Optional.empty();
        }
        return Optional.of(PartialObject.open(object, size, partial.resolve(object.hex()), path(object), lock));
    }

    /**
     * Reads a whole object again and removes it if it is damaged.
     *
     * @param object its digest
     * @return whether the object is there and undamaged
     * @throws IOException if it cannot be read
     */
    public boolean recheck(Digest object) throws IOException {
        Path file = path(object);
        MessageDigest hash = Digest.newHash();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                Arena arena = Arena.ofConfined()) {
            Digest.update(hash, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (NoSuchFileException absent) {
            return false;
        }
        if (Digest.finish(hash).equals(object)) {
            return true;
        }
        Files.deleteIfExists(file);
        return false;
    }

    /**
     * Returns the bytes of all whole objects.
     *
     * @throws IOException if the directory cannot be read
     */
    public long size() throws IOException {
        return entries().stream().mapToLong(Entry::size).sum();
    }

    /**
     * Removes the objects that were not used for the longest time until the rest fits, and what has arrived of objects
     * that nobody went on with for a week.
     *
     * @param limitBytes bytes that may stay, at least 0
     * @return the bytes removed
     * @throws IOException if the directory cannot be changed
     */
    public long evict(long limitBytes) throws IOException {
        if (limitBytes < 0) {
            throw new IllegalArgumentException("negative limit: " + limitBytes);
        }
        long removed = removeStalePartials();
        List<Entry> entries = entries();
        long total = entries.stream().mapToLong(Entry::size).sum();
        entries.sort(Comparator.comparing(Entry::used));
        for (Entry entry : entries) {
            if (total <= limitBytes) {
                break;
            }
            if (Files.deleteIfExists(entry.file)) {
                removed += entry.size;
            }
            total -= entry.size;
        }
        return removed;
    }

    private long removeStalePartials() throws IOException {
        long removed = 0;
        Instant oldest = Instant.now().minus(PARTIAL_LIFE);
        for (Entry entry : list(partial)) {
            if (entry.used.toInstant().isBefore(oldest) && Files.deleteIfExists(entry.file)) {
                removed += entry.size;
            }
        }
        return removed;
    }

    private List<Entry> entries() throws IOException {
        List<Entry> found = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(objects)) {
            for (Path folder : folders) {
                found.addAll(list(folder));
            }
        }
        return found;
    }

    private static List<Entry> list(Path folder) throws IOException {
        List<Entry> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                BasicFileAttributes attributes;
                try {
                    attributes = Files.readAttributes(file, BasicFileAttributes.class);
                } catch (NoSuchFileException evicted) {
                    continue;
                }
                found.add(new Entry(file, attributes.size(), attributes.lastModifiedTime()));
            }
        }
        return found;
    }

    private Path path(Digest object) {
        String hex = object.hex();
        return objects.resolve(hex.substring(0, STRIPE_DIGITS)).resolve(hex.substring(STRIPE_DIGITS));
    }

    private record Entry(Path file, long size, FileTime used) {}
}
