package io.weightspan.server.store;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;

/** A {@link StoreSession} of a {@link FolderObjectStore}. */
final class FolderSession extends ScratchSession {

    private final FolderObjectStore store;
    private final FolderLocks locks;

    /** Takes over the scratch folder and the store's {@link FolderLocks#enterSession session lock}. */
    FolderSession(FolderObjectStore store, Scratch scratch, FolderLocks locks) {
        super(store, scratch);
        this.store = store;
        this.locks = locks;
    }

    @Override
    public StoredObject put(Path source) throws IOException {
        Path copy = newFile();
        MessageDigest hash = Digest.newHash();
        try (OutputStream out = new DigestOutputStream(Files.newOutputStream(copy), hash)) {
            Files.copy(source, out);
        } catch (IOException e) {
            deleteAfter(e, copy);
            throw e;
        }
        return take(copy, Digest.finish(hash));
    }

    @Override
    public StoredObject put(byte[] bytes) throws IOException {
        Path file = newFile();
        try {
            Files.write(file, bytes);
        } catch (IOException e) {
            deleteAfter(e, file);
            throw e;
        }
        return take(file, Digest.ofBytes(Digest.newHash().digest(bytes)));
    }

    @Override
    public StoredObject take(Path file, Digest digest) throws IOException {
        requireNonNull(digest, "digest is null");
        checkOpen();
        long size = Files.size(file);
        Path target = store.file(digest);
        try {
            // A mark that was left of an object that is gone counts against the new one, too.
            boolean isThere = keep(digest);
            // An object of another length can only come from a failing disk: it is put right.
            if (isThere && Files.isRegularFile(target) && Files.size(target) == size) {
                Files.delete(file);
                return new StoredObject(digest, size, false);
            }
            DurableFiles.flush(file);
            DurableFiles.createFolders(store.root(), requireNonNull(target.getParent()));
            add(digest);
            DurableFiles.replace(file, target);
        } catch (IOException e) {
            deleteAfter(e, file);
            throw e;
        }
        return new StoredObject(digest, size, true);
    }

    @Override
    protected void end() throws IOException {
        locks.exitSession();
    }

    /** Frees the disk of a file that came to nothing; what the deletion itself runs into joins the failure. */
    private static void deleteAfter(IOException failure, Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
