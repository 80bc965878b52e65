package io.weightspan.server.store;

import io.weightspan.codec.container.Digest;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * One run of adding objects to a store, with a scratch folder to prepare them in.
 *
 * <p>While a session is open, no {@link StoreCleaner} is. A garbage collection, which goes on beside sessions, spares
 * what has been unreachable for less than a time of grace; that of an object begins anew when a session adds it, finds
 * it there or {@link #keep keeps} it. So a session that points a value at its objects keeps all of them just before,
 * those that they need included. A session that ends without any value pointing at its objects, killed or not, leaves
 * objects that nothing refers to and that a garbage collection deletes; its scratch folder is removed on closing, and
 * that of a killed process when the next session opens.
 *
 * <p>Safe for several threads.
 */
public interface StoreSession extends Closeable {

    /**
     * Returns the name of a file that doesn't exist yet, in a folder of this session alone on the local machine, from
     * which {@link #take} is cheap. The file is deleted with the session at the latest.
     *
     * @throws IllegalStateException if the session is closed
     */
    Path newFile();

    /**
     * Adds the bytes of a file as an object, and leaves the file as it is. The name is that of the bytes that were
     * copied, whoever writes to the file meanwhile.
     *
     * @param source a file anywhere
     * @return the object, durable, new or there already
     * @throws IOException if the file can't be read or the store can't be written; there is then no new object
     */
    StoredObject put(Path source) throws IOException;

    /**
     * Adds bytes as an object.
     *
     * @param bytes the object, whole
     * @return the object, durable, new or there already
     * @throws IOException if the store can't be written; there is then no new object
     */
    StoredObject put(byte[] bytes) throws IOException;

    /**
     * Adds a finished file as an object, moving it where the store can.
     *
     * @param file a file from {@link #newFile}, closed; whatever comes of this call, it is the store's to delete
     * @param digest the SHA-256 of the file's bytes, which the caller vouches for
     * @return the object, durable, new or there already
     * @throws IOException if the store can't be written; there is then no new object
     */
    StoredObject take(Path file, Digest digest) throws IOException;

    /**
     * Sees to it that an object that may be unreachable is not deleted before another time of grace has passed; where
     * it is being deleted just now, waits until that is done.
     *
     * @param digest an object that this session is about to refer to, whoever has added it
     * @return whether the store has it
     * @throws IOException if the store can't be read or written
     */
    boolean keep(Digest digest) throws IOException;

    /** Returns the objects that this session has added and that were not there before, in the order of adding. */
    List<Digest> added();

    /**
     * Ends the session and deletes its scratch folder. A second call does nothing.
     *
     * @throws IOException if scratch files can't be deleted; the session has ended all the same
     */
    @Override
    void close() throws IOException;
}
