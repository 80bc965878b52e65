package io.weightspan.server.store;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

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
        Path file = store.file(digest);
        boolean deleted = Files.deleteIfExists(file);
        if (deleted) {
            DurableFiles.flushFolder(requireNonNull(file.getParent()));
        }
        return deleted;
    }

    @Override
    public void close() throws IOException {
        right.close();
    }
}
