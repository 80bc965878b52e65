package io.weightspan.client.hub;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.tensor.DecodedFile;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Writes decoded files to disk: several threads decode pieces ahead while one hashes and writes them in order. Memory
 * is two pieces of 4 MiB for each thread, whatever the file's size. For one thread at a time.
 */
final class DecodedCopy implements AutoCloseable {

    private static final long PIECE = 4 << 20;
    private static final int PIECES_PER_THREAD = 2;

    private final int pieces;
    private final ExecutorService decoders;

    /**
     * Starts the threads.
     *
     * @param threads how many decode, at least 1
     */
    DecodedCopy(int threads) {
        pieces = PIECES_PER_THREAD * threads;
        decoders = Executors.newFixedThreadPool(threads,
                Thread.ofPlatform().name("weightspan-decode-", 0).daemon().factory());
    }

    /**
     * Decodes a whole file and writes it.
     *
     * @param from the file
     * @param to written from its position on; not closed
     * @param progress hears of bytes that are written
     * @return the SHA-256 of what was written
     * @throws IOException what decoding or writing throws
     */
    Digest copy(DecodedFile from, FileChannel to, Progress progress) throws IOException {
        MessageDigest hash = Digest.newHash();
        Deque<Piece> ahead = new ArrayDeque<>();
        try (Arena arena = Arena.ofShared()) {
            try {
                copy(from, to, progress, hash, ahead, arena);
            } finally {
                // The memory must outlive every thread that still writes to it.
                for (Piece piece : ahead) {
                    awaitEnd(piece.decoded);
                }
            }
        }
        return Digest.finish(hash);
    }

    private void copy(DecodedFile from, FileChannel to, Progress progress, MessageDigest hash, Deque<Piece> ahead,
            Arena arena) throws IOException {
        long length = from.length();
        long begun = 0;
        Deque<MemorySegment> free = new ArrayDeque<>();
        int allocated = 0;
        for (long done = 0; done < length;) {
            while (begun < length && (allocated < pieces || !free.isEmpty())) {
                if (free.isEmpty()) {
                    free.add(arena.allocate(Math.min(PIECE, length)));
                    allocated++;
                }
                MemorySegment buffer = free.remove();
                long offset = begun;
                MemorySegment bytes = buffer.asSlice(0, Math.min(PIECE, length - offset));
                ahead.add(new Piece(buffer, bytes, decoders.submit(() -> {
                    from.read(offset, bytes);
                    return bytes;
                })));
                begun += bytes.byteSize();
            }
            Piece next = ahead.getFirst();
            await(next.decoded);
            ahead.removeFirst();
            write(next.bytes.asByteBuffer(), to, hash);
            free.add(next.buffer);
            done += next.bytes.byteSize();
            progress.advance(next.bytes.byteSize());
        }
    }

    private static void write(ByteBuffer bytes, FileChannel to, MessageDigest hash) throws IOException {
        hash.update(bytes.duplicate());
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }

    private static void await(Future<?> decoded) throws IOException {
        try {
            decoded.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failure -> throw failure;
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case null, default -> throw new IllegalStateException(e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (InterruptedIOException) new InterruptedIOException("interrupted while decoding").initCause(e);
        }
    }

    /** Waits until a piece is no longer worked on; how it ended was told, or does not matter any more. */
    private static void awaitEnd(Future<?> decoded) {
        boolean interrupted = false;
        while (decoded.state() == Future.State.RUNNING) {
            try {
                decoded.get();
            } catch (ExecutionException e) {
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the threads. */
    @Override
    public void close() {
        decoders.close();
    }

    private record Piece(MemorySegment buffer, MemorySegment bytes, Future<MemorySegment> decoded) {}
}
