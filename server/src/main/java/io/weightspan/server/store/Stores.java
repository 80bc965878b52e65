package io.weightspan.server.store;

import java.io.IOException;
import java.nio.file.Path;

/** Opens the store that a person has named: today a folder. */
public final class Stores {

    private static final String BUCKET = "s3://";

    private Stores() {}

    /**
     * Opens a store that is there.
     *
     * @param location a folder
     * @return the store, which the caller closes
     * @throws NotAStoreException if there is no store of a kind and version that this program knows
     * @throws IOException if it can't be read
     */
    public static ObjectStore open(String location) throws IOException {
        return FolderObjectStore.open(folder(location));
    }

    /**
     * Opens a store, or makes one where there is nothing yet.
     *
     * @param location a folder that is a store, is empty or isn't there
     * @return the store, which the caller closes
     * @throws NotAStoreException if something else is there
     * @throws IOException if it can't be read or written
     */
    public static ObjectStore openOrCreate(String location) throws IOException {
        return FolderObjectStore.openOrCreate(folder(location));
    }

    private static Path folder(String location) throws NotAStoreException {
        if (location.startsWith(BUCKET)) {
            throw new NotAStoreException(
                    "stores in a bucket are not available in this version; name a folder instead of "
                            + location);
        }
        return Path.of(location);
    }
}
