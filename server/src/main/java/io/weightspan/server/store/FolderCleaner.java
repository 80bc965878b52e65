package io.weightspan.server.store;

import io.weightspan.codec.container.Digest;
import java.io.Closeable;
import java.io.IOException;

/** A {@link StoreCleaner} of a {@link FolderObjectStore}. */
final class FolderCleaner implements StoreCleaner {

    private final FolderObjectStore store;
    private final Closeable right;

    /** Takes over the right, which keeps sessions out. */
    FolderCleaner(FolderObjectStore store, Closeable right) {
        this.store = store;
        this.right = right;
    }

    @Override
    public boolean delete(Digest digest) throws IOException {
        return store.delete(digest);
    }

    @Override
    public void close() throws IOException {
        right.close();
    }
}
