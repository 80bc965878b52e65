package io.weightspan.server.store.s3;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.Scratch;
import io.weightspan.server.store.ScratchSession;
import io.weightspan.server.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.OptionalLong;

/**
 * A {@link StoreSession} of a {@link S3ObjectStore}. Other machines don't see that it is open; what it relies
 * on is spared by marks.
 */
final class S3Session extends ScratchSession {

    private static final int MAX_READINGS = 3;

    private final Uploads uploads;

    /** Takes over the scratch folder. */
    S3Session(S3ObjectStore store, Uploads uploads, Scratch scratch) {
        super(store, scratch);
        this.uploads = uploads;
    }

    @Override
    public StoredObject put(Path source) throws IOException {
        checkOpen();
        // The file is sent straight from where it is. If somebody writes to it between the reading that names it and
        // the one that sends it, nothing is stored and both are done again.
        for (int reading = 0; reading < MAX_READINGS; reading++) {
            MessageDigest hash = Digest.newHash();
            long size;
            try (InputStream in = new DigestInputStream(Files.newInputStream(source), hash)) {
                size = in.transferTo(OutputStream.nullOutputStream());
            }
            Digest digest = Digest.finish(hash);
            if (isThere(digest, size)) {
                return new StoredObject(digest, size, false);
            }
            if (uploads.send(digest, size, source)) {
                return added(digest, size);
            }
        }
        throw new IOException("can't store " + source + ": it is being written to");
    }

    @Override
    public StoredObject put(byte[] bytes) throws IOException {
        checkOpen();
        Digest digest = Digest.ofBytes(Digest.newHash().digest(bytes));
        if (isThere(digest, bytes.length)) {
            return new StoredObject(digest, bytes.length, false);
        }
        uploads.send(digest, bytes);
        return added(digest, bytes.length);
    }

    @Override
    public StoredObject take(Path file, Digest digest) throws IOException {
        requireNonNull(digest, "digest is null");
        checkOpen();
        long size = Files.size(file);
        StoredObject stored;
        try {
            if (isThere(digest, size)) {
                stored = new StoredObject(digest, size, false);
            } else if (uploads.send(digest, size, file)) {
                stored = added(digest, size);
            } else {
                throw new IOException(
                        "can't store " + file + ": its bytes have another SHA-256 than " + digest.hex());
            }
        } catch (IOException | RuntimeException e) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException deletion) {
                e.addSuppressed(deletion);
            }
            throw e;
        }
        Files.deleteIfExists(file);
        return stored;
    }

    private boolean isThere(Digest digest, long size) throws IOException {
        OptionalLong there = keptSize(digest);
        // An object of another length is none that a sound service made; it is put right.
        return there.isPresent() && there.getAsLong() == size;
    }

    private StoredObject added(Digest digest, long size) {
        add(digest);
        return new StoredObject(digest, size, true);
    }

    /** Nothing but scratch files began: a bucket has no locks. */
    @Override
    protected void end() {}
}
