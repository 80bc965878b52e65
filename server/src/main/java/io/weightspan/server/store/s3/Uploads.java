package io.weightspan.server.store.s3;

import io.weightspan.codec.container.Digest;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import software.amazon.awssdk.services.s3.model.CompletedPart;

/**
 * Sends files as objects: short ones whole, long ones in parts, several at once. Each byte is read once and hashed
 * before it is sent, so what becomes an object has the SHA-256 that it is named by, whatever happens to the file; the
 * service checks each request's own checksum. Thread-safe.
 */
final class Uploads implements Closeable {

    /** Parts in memory for all sessions of the store together. */
    private static final int PARTS_AT_ONCE = 6;

    /** What S3 allows. */
    private static final int MOST_PARTS = 10_000;

    private final Bucket bucket;
    private final int partBytes;
    private final Semaphore room = new Semaphore(PARTS_AT_ONCE, true);
    private final ExecutorService senders = Executors.newVirtualThreadPerTaskExecutor();

    Uploads(Bucket bucket, int partBytes) {
        this.bucket = bucket;
        this.partBytes = partBytes;
    }

    /** Sends bytes as the object of that name. */
    void send(Digest digest, byte[] bytes) throws IOException {
        bucket.put(S3ObjectStore.name(digest), bytes);
    }

    /**
     * Sends a file as the object of that name.
     *
     * @return whether the file has that length and SHA-256; where not, nothing is stored
     * @throws IOException if it can't be read or sent; nothing is stored, or all of it where only the answer was lost
     */
    boolean send(Digest digest, long size, Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return size > partBytes ? sendParts(digest, size, channel) : sendWhole(digest, size, channel);
        }
    }

    @Override
    public void close() {
        senders.close();
    }

    private boolean sendWhole(Digest digest, long size, FileChannel file) throws IOException {
        takeRoom();
        try {
            byte[] bytes = new byte[Math.toIntExact(size)];
            if (!fill(file, bytes) || hasMore(file)
                    || !Digest.ofBytes(Digest.newHash().digest(bytes)).equals(digest)) {
                return false;
            }
            send(digest, bytes);
            return true;
        } finally {
            room.release();
        }
    }

    private boolean sendParts(Digest digest, long size, FileChannel file) throws IOException {
        String name = S3ObjectStore.name(digest);
        String upload = bucket.beginParts(name);
        List<Future<CompletedPart>> parts = new ArrayList<>();
        try {
            if (!sendAll(name, upload, digest, size, file, parts)) {
                endParts(parts);
                bucket.abortParts(name, upload);
                return false;
            }
            List<CompletedPart> completed = new ArrayList<>();
            for (Future<CompletedPart> part : parts) {
                completed.add(get(part));
            }
            complete(name, upload, size, completed);
            return true;
        } catch (IOException | RuntimeException e) {
            endParts(parts);
            try {
                bucket.abortParts(name, upload);
            } catch (IOException abortFailure) {
                e.addSuppressed(abortFailure);
            }
            throw e;
        }
    }

    /** Sends all parts, or returns false where the file has another length or SHA-256. */
    private boolean sendAll(
            String name, String upload, Digest digest, long size, FileChannel file, List<Future<CompletedPart>> parts)
            throws IOException {
        int length = Math.toIntExact(Math.max(partBytes, Math.ceilDiv(size, (long) MOST_PARTS)));
        MessageDigest hash = Digest.newHash();
        for (long at = 0; at < size; at += length) {
            for (Future<CompletedPart> part : parts) {
                if (part.state() == Future.State.FAILED) {
                    get(part); // throws: no use in sending more
                }
            }
            takeRoom();
            boolean handedOver = false;
            try {
                byte[] bytes = new byte[Math.toIntExact(Math.min(length, size - at))];
                if (!fill(file, bytes)) {
                    return false;
                }
                hash.update(bytes);
                int number = parts.size() + 1;
                parts.add(senders.submit(() -> {
                    try {
                        return bucket.putPart(name, upload, number, bytes);
                    } finally {
                        room.release();
                    }
                }));
                handedOver = true;
            } finally {
                if (!handedOver) {
                    room.release();
                }
            }
        }
        return !hasMore(file) && Digest.finish(hash).equals(digest);
    }

    /** Makes the object; where that fails, looks whether only the answer was lost. */
    private void complete(String name, String upload, long size, List<CompletedPart> parts) throws IOException {
        try {
            bucket.completeParts(name, upload, parts);
        } catch (IOException failure) {
            try {
                // The name is that of the bytes: an object of this name and length is the one that was to be made.
                if (bucket.size(name).orElse(-1) == size) {
                    return;
                }
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
            throw failure;
        }
    }

    /** Waits until no part is on its way any more, so that none arrives after the upload has been thrown away. */
    private static void endParts(List<Future<CompletedPart>> parts) {
        boolean interrupted = false;
        for (Future<CompletedPart> part : parts) {
            while (!part.isDone()) {
                try {
                    part.get();
                } catch (ExecutionException e) {
                    break; // the first failure has been told of, or the file was not as said
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void takeRoom() throws IOException {
        try {
            room.acquire();
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static CompletedPart get(Future<CompletedPart> part) throws IOException {
        try {
            return part.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw new IOException(failure.getMessage(), failure);
            }
            throw new IllegalStateException("a part was not sent", e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static IOException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        InterruptedIOException interrupted = new InterruptedIOException("interrupted while an object was sent");
        interrupted.initCause(e);
        return interrupted;
    }

    /** Reads on, and returns false where the file ends first. */
    private static boolean fill(FileChannel file, byte[] bytes) throws IOException {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        while (rest.hasRemaining()) {
            if (file.read(rest) < 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean hasMore(FileChannel file) throws IOException {
        return file.position() < file.size();
    }
}
