package io.weightspan.server.store;

import java.io.IOException;

/**
 * Opens stores of one kind, named {@code SCHEME://...}. Found by {@link java.util.ServiceLoader} when a store of its
 * scheme is asked for and not before, so what it needs costs commands on other stores nothing.
 *
 * <p>Safe for several threads.
 */
public interface StoreProvider {

    /** Returns the scheme, in lower-case letters and digits, beginning with a letter. */
    String scheme();

    /**
     * Opens a store that is there. Writes nothing.
     *
     * @param location the store's name, beginning with the scheme and {@code ://}
     * @return the store, which the caller closes
     * @throws NotAStoreException if the name is not valid, or there is no store of a version that this program knows
     * @throws IOException if it can't be read
     */
    ObjectStore open(String location) throws IOException;

    /**
     * Opens a store, or makes one where there is nothing yet.
     *
     * @param location the store's name, beginning with the scheme and {@code ://}
     * @return the store, which the caller closes
     * @throws NotAStoreException if the name is not valid or something else is there
     * @throws IOException if it can't be read or written
     */
    ObjectStore openOrCreate(String location) throws IOException;
}
