package io.weightspan.server.store;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A place that keeps immutable objects and small mutable values.
 *
 * <p>An <b>object</b> is a sequence of bytes named by its SHA-256 (ST-OBJ-001). It appears whole or not at all, never
 * changes, and is added through a {@link StoreSession} only. A <b>value</b> is a short text under a key and the only
 * thing that changes: it is read whole and replaced by compare-and-set, so a value is the commit point of everything
 * that is built on a store.
 *
 * <p>The store may be a folder or a bucket. Nothing here tells folders from names with slashes: a key or a digest is
 * there or it isn't, and no call makes or removes a parent. What one call has put is seen by every later call of every
 * process (read after write, list after write).
 *
 * <p>All methods may be called by any thread and by any number of processes on the same store at once. Where an
 * argument is null, the methods throw {@link NullPointerException}. Failures of the store itself (disk, network,
 * rights) are {@link IOException}s that name the object or key.
 */
public interface ObjectStore extends Closeable {

    /** A value has at most this many bytes of UTF-8. */
    int MAX_VALUE_BYTES = 64 * 1024;

    /** Returns where the store is, as the person who runs it would write it; for messages only. */
    String location();

    /**
     * Opens an object for reading.
     *
     * @param digest the object's SHA-256
     * @return a source of {@link #size} bytes that the caller closes; its bytes are not checked against the digest
     * @throws ObjectNotFoundException if the store has no such object
     * @throws IOException if the store can't be read
     */
    ByteSource open(Digest digest) throws IOException;

    /**
     * Returns the length of an object in bytes, or empty where the store has no such object.
     *
     * @throws IOException if the store can't be read
     */
    OptionalLong size(Digest digest) throws IOException;

    /**
     * Returns whether the store has the object.
     *
     * @throws IOException if the store can't be read
     */
    default boolean exists(Digest digest) throws IOException {
        return size(digest).isPresent();
    }

    /**
     * Lists the objects whose hexadecimal names begin with a prefix, in ascending order of name.
     *
     * @param hexPrefix 0 to 64 lower-case hexadecimal digits; empty lists every object
     * @return a stream that the caller closes and that may throw {@link java.io.UncheckedIOException}; objects added or
     *     deleted meanwhile may or may not be in it
     * @throws IllegalArgumentException if the prefix has other characters or is too long
     * @throws IOException if the store can't be read
     */
    Stream<Digest> list(String hexPrefix) throws IOException;

    /**
     * Returns the object as a file of the local machine, where the store keeps it as one, for reading without copies.
     *
     * @return the file, which must not be changed, or empty where the store is elsewhere or has no such object
     * @throws IOException if the store can't be read
     */
    Optional<Path> localFile(Digest digest) throws IOException;

    /**
     * Reads a value.
     *
     * @param key {@link StoreKeys a valid key}
     * @return the text as it was last set, or empty where nothing is set
     * @throws IllegalArgumentException if the key is not valid
     * @throws IOException if the store can't be read
     */
    Optional<String> value(String key) throws IOException;

    /**
     * Sets, replaces or removes a value if it is what the caller believes it to be. Of several callers with the same
     * belief exactly one succeeds. The change is durable when this returns, and it is complete or absent after a crash.
     *
     * @param key {@link StoreKeys a valid key}; where one key is set, no key that continues it with a slash may be
     * @param expected the text that must be set now, or null where nothing may be set
     * @param update the text to set, at most {@link #MAX_VALUE_BYTES} bytes of UTF-8, or null to remove the value
     * @return whether the value was as expected and is now as asked; nothing has changed where false
     * @throws IllegalArgumentException if the key is not valid or the text is too long
     * @throws IOException if the store can't be read or written; the value is then either the old or the new one
     */
    boolean compareAndSet(String key, @Nullable String expected, @Nullable String update) throws IOException;

    /**
     * Lists the keys under a prefix that have a value, in ascending order of their characters.
     *
     * @param prefix a valid key followed by a slash: {@code refs/} lists {@code refs/a} and {@code refs/a/b}
     * @return the keys, whole
     * @throws IllegalArgumentException if the prefix is not of that form
     * @throws IOException if the store can't be read
     */
    List<String> keys(String prefix) throws IOException;

    /**
     * Deletes an object, whoever needs it. Only for those who have made sure that nobody does: by {@link GcMarks}, or
     * holding a {@link StoreCleaner}. Readers that have it open keep it where the store is a folder.
     *
     * @return whether it was there; of several callers at once more than one may be told so
     * @throws IOException if the store can't be written; the object may be gone
     */
    boolean delete(Digest digest) throws IOException;

    /**
     * Begins to add objects. Any number of sessions may be open at once.
     *
     * @return a session that the caller closes
     * @throws IOException if the store can't be written
     */
    StoreSession openSession() throws IOException;

    /**
     * Gets the store to oneself for deleting, where no session is open.
     *
     * @return the right to delete, which the caller closes and until then no session opens; or empty where a session is
     *     open in any process or another caller has it
     * @throws IOException if the store can't be written
     */
    Optional<StoreCleaner> tryClean() throws IOException;

    /**
     * Returns whether {@link #tryClean} can tell that no session is open anywhere. Where it can't, as in a bucket,
     * nobody ever gets the store to oneself.
     */
    default boolean canClean() {
        return true;
    }

    /** Returns what the store's cache on the local disk has done, or empty where the store has none. */
    default Optional<BlockReads> blockReads() {
        return Optional.empty();
    }

    /** Frees what the store holds on this machine; sources and sessions must be closed before. */
    @Override
    void close() throws IOException;
}
