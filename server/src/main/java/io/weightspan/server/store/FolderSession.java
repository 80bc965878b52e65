package io.weightspan.server.store;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** A {@link StoreSession} of a {@link FolderObjectStore}. */
final class FolderSession implements StoreSession {

    private final FolderObjectStore store;
    private final Scratch scratch;
    private final FolderLocks locks;
    private final GcMarks marks;
    private final List<Digest> added = Collections.synchronizedList(new ArrayList<>());
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Takes over the scratch folder and the store's {@link FolderLocks#enterSession session lock}. */
    FolderSession(FolderObjectStore store, Scratch scratch, FolderLocks locks) {
        this.store = store;
        this.scratch = scratch;
        this.locks = locks;
        this.marks = new GcMarks(store);
    }

    @Override
    public Path newFile() {
        if (closed.get()) {
            throw new IllegalStateException("the session is closed");
        }
        return scratch.newFile();
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
        if (closed.get()) {
            throw new IllegalStateException("the session is closed");
        }
        long size = Files.size(file);
        Path target = store.file(digest);
        try {
            // A mark that was left of an object that is gone counts against the new one, too.
            boolean isThere = marks.keep(digest);
            // An object of another length can only come from a failing disk: it is put right.
            if (isThere && Files.isRegularFile(target) && Files.size(target) == size) {
                Files.delete(file);
                return new StoredObject(digest, size, false);
            }
            DurableFiles.flush(file);
            DurableFiles.createFolders(store.root(), requireNonNull(target.getParent()));
            added.add(digest);
            DurableFiles.replace(file, target);
        } catch (IOException e) {
            deleteAfter(e, file);
            throw e;
        }
        return new StoredObject(digest, size, true);
    }

    @Override
    public boolean keep(Digest digest) throws IOException {
        if (closed.get()) {
            throw new IllegalStateException("the session is closed");
        }
        return marks.keep(digest);
    }

    @Override
    public List<Digest> added() {
        synchronized (added) {
            return List.copyOf(added);
        }
    }

    @Override
    public void close() throws IOException {
        if (closed.compareAndSet(false, true)) {
            try {
                scratch.close();
            } finally {
                locks.exitSession();
            }
        }
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
