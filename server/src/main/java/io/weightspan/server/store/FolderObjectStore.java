package io.weightspan.server.store;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An {@link ObjectStore} in a folder of a local file system (store-layout.md, section 4): durable by flush and atomic
 * rename, shared between processes by file locks.
 */
public final class FolderObjectStore implements ObjectStore {

    private static final int FOLDER_DIGITS = 2;
    private static final Pattern OBJECT_FOLDER = Pattern.compile("[0-9a-f]{2}");
    private static final Pattern OBJECT_FILE = Pattern.compile("[0-9a-f]{62}");

    private final String location;
    private final Path root;
    private final Path objects;
    private final FolderLocks locks;

    private FolderObjectStore(String location, Path root) {
        this.location = location;
        this.root = root;
        this.objects = root.resolve("objects");
        this.locks = FolderLocks.of(root);
    }

    /**
     * Opens a store that is there. Writes nothing.
     *
     * @param folder the store's folder
     * @return the store
     * @throws NotAStoreException if there is no folder, no marker in it, or the marker of another version (ST-FLD-001)
     * @throws IOException if it can't be read
     */
    public static FolderObjectStore open(Path folder) throws IOException {
        StoreMarker.check(folder);
        return new FolderObjectStore(folder.toString(), folder.toRealPath());
    }

    /**
     * Opens a store, or makes one of a folder that isn't there or is empty.
     *
     * @param folder the store's folder
     * @return the store
     * @throws NotAStoreException if the folder has other things in it, or the marker of another version
     * @throws IOException if it can't be read or written
     */
    public static FolderObjectStore openOrCreate(Path folder) throws IOException {
        StoreMarker.create(folder);
        return open(folder);
    }

    @Override
    public String location() {
        return location;
    }

    @Override
    public ByteSource open(Digest digest) throws IOException {
        try {
            return MappedSource.open(file(digest));
        } catch (NoSuchFileException e) {
            throw new ObjectNotFoundException(location, digest);
        }
    }

    @Override
    public OptionalLong size(Digest digest) throws IOException {
        try {
            return OptionalLong.of(Files.size(file(digest)));
        } catch (NoSuchFileException e) {
            return OptionalLong.empty();
        }
    }

    @Override
    public Stream<Digest> list(String hexPrefix) throws IOException {
        StoreKeys.checkHexPrefix(hexPrefix);
        List<Digest> found = new ArrayList<>();
        for (String folder : names(objects)) {
            String common = hexPrefix.substring(0, Math.min(FOLDER_DIGITS, hexPrefix.length()));
            if (OBJECT_FOLDER.matcher(folder).matches() && folder.startsWith(common)) {
                for (String file : names(objects.resolve(folder))) {
                    if (OBJECT_FILE.matcher(file).matches() && (folder + file).startsWith(hexPrefix)) {
                        found.add(Digest.of(folder + file));
                    }
                }
            }
        }
        return found.stream();
    }

    @Override
    public Optional<Path> localFile(Digest digest) {
        Path file = file(digest);
        return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
    }

    @Override
    public Optional<String> value(String key) throws IOException {
        return read(root.resolve(StoreKeys.check(key)));
    }

    @Override
    public boolean compareAndSet(String key, @Nullable String expected, @Nullable String update) throws IOException {
        Path file = root.resolve(StoreKeys.check(key));
        byte[] bytes = update == null ? null : StoreKeys.checkValue(key, update);
        createOwnFolders();
        try (Closeable lock = locks.lockValue(key)) {
            requireNonNull(lock);
            @Nullable
            String current = read(file).orElse(null);
            if (current == null ? expected != null : !current.equals(expected)) {
                return false;
            }
            if (bytes == null) {
                remove(file);
            } else {
                replace(file, bytes);
            }
            return true;
        }
    }

    @Override
    public List<String> keys(String prefix) throws IOException {
        StoreKeys.checkPrefix(prefix);
        List<String> found = new ArrayList<>();
        collectKeys(prefix, root.resolve(prefix), found);
        Collections.sort(found);
        return found;
    }

    @Override
    public boolean delete(Digest digest) throws IOException {
        Path file = file(digest);
        boolean deleted = Files.deleteIfExists(file);
        if (deleted) {
            DurableFiles.flushFolder(requireNonNull(file.getParent()));
        }
        return deleted;
    }

    @Override
    public StoreSession openSession() throws IOException {
        createOwnFolders();
        locks.enterSession();
        try {
            Scratch.sweep(tmp(), locks);
            return new FolderSession(this, Scratch.create(tmp(), locks), locks);
        } catch (IOException | RuntimeException e) {
            locks.exitSession();
            throw e;
        }
    }

    @Override
    public Optional<StoreCleaner> tryClean() throws IOException {
        createOwnFolders();
        return locks.tryClean().map(right -> new FolderCleaner(this, right));
    }

    /** Does nothing: what a store holds belongs to its sources and sessions. */
    @Override
    public void close() {}

    /** Returns where an object is or would be. */
    Path file(Digest digest) {
        String hex = digest.hex();
        return objects.resolve(hex.substring(0, FOLDER_DIGITS)).resolve(hex.substring(FOLDER_DIGITS));
    }

    /** Returns the store's folder. */
    Path root() {
        return root;
    }

    private Path tmp() {
        return root.resolve("tmp");
    }

    private void createOwnFolders() throws IOException {
        for (String name : List.of("objects", "tmp", "locks")) {
            DurableFiles.createFolders(root, root.resolve(name));
        }
    }

    /** Puts a value's file in its place; the caller holds the value's lock. */
    private void replace(Path file, byte[] bytes) throws IOException {
        Path parent = requireNonNull(file.getParent());
        try (Scratch scratch = Scratch.create(tmp(), locks)) {
            Path fresh = scratch.newFile();
            DurableFiles.write(fresh, bytes);
            DurableFiles.createFolders(root, parent);
            DurableFiles.replace(fresh, file);
        }
    }

    private static void remove(Path file) throws IOException {
        if (Files.deleteIfExists(file)) {
            DurableFiles.flushFolder(requireNonNull(file.getParent()));
        }
    }

    private static Optional<String> read(Path file) throws IOException {
        // A folder has the name of a key that others continue; it is no value.
        if (Files.isDirectory(file)) {
            return Optional.empty();
        }
        try {
            if (Files.size(file) > MAX_VALUE_BYTES) {
                throw new IOException("value " + file + " is longer than " + MAX_VALUE_BYTES + " bytes");
            }
            return Optional.of(Files.readString(file));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static void collectKeys(String prefix, Path folder, List<String> found) throws IOException {
        for (String name : names(folder)) {
            Path path = folder.resolve(name);
            if (Files.isDirectory(path)) {
                collectKeys(prefix + name + "/", path, found);
            } else {
                found.add(prefix + name);
            }
        }
    }

    /** Returns the names in a folder in ascending order; none where it isn't there. */
    private static List<String> names(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            files.forEach(file -> names.add(file.getFileName().toString()));
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        }
        Collections.sort(names);
        return names;
    }
}
