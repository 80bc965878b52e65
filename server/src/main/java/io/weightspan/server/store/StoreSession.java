package io.weightspan.server.store;

import io.weightspan.codec.container.Digest;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * One run of adding objects to a store, with a scratch folder to prepare them in.
 *
 * <p>While a session is open, no object is deleted: what {@link ObjectStore#exists} has told stays true until it is
 * closed. A session that ends without any value pointing at its objects, killed or not, leaves objects that nothing
 * refers to and that a {@link StoreCleaner} may delete; its scratch folder is removed on closing, and that of a killed
 * process when the next session opens.
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
