package io.weightspan.server.store;

import io.weightspan.codec.container.Digest;
import java.io.Closeable;
import java.io.IOException;

/**
 * The right to delete objects: held by one caller at a time, and only while no {@link StoreSession} is open.
 *
 * <p>The store doesn't know what refers to an object; the caller does, and must look after it has got the cleaner.
 */
public interface StoreCleaner extends Closeable {

    /**
     * Deletes an object. Readers that have it open keep it.
     *
     * @return whether it was there
     * @throws IOException if the store can't be written
     */
    boolean delete(Digest digest) throws IOException;

    /** Lets sessions open again. A second call does nothing. */
    @Override
    void close() throws IOException;
}
