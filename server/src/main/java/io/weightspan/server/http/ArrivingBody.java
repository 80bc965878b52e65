package io.weightspan.server.http;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A body on its way from the event loop, which adds pieces, to the thread of a handler, which reads them.
 *
 * <p>What the loop reads ahead of the handler is bounded: it asks {@link #wantsMore} before it reads, and is told when
 * a handler has made room. One thread reads; the loop's methods never block.
 */
final class ArrivingBody extends InputStream {

    /** Bytes that may wait for the handler. */
    private static final int WINDOW = 256 * 1024;

    private final Runnable hasRoom;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // All guarded by the lock.
    private final ArrayDeque<ByteBuf> pieces = new ArrayDeque<>();
    private long waiting;
    private boolean begun;
    private boolean complete;
    private boolean dropped;
    private @Nullable IOException failure;

    /**
     * Creates a body without bytes yet.
     *
     * @param hasRoom run by the reading thread when the loop may read on
     */
    ArrivingBody(Runnable hasRoom) {
        this.hasRoom = hasRoom;
    }

    /** Adds bytes, which this takes over. */
    void add(ByteBuf bytes) {
        lock.lock();
        try {
            if (dropped || failure != null || !bytes.isReadable()) {
                bytes.release();
                return;
            }
            pieces.add(bytes);
            waiting += bytes.readableBytes();
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Tells that all bytes have been added. */
    void finish() {
        lock.lock();
        try {
            complete = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Tells that no further bytes will be added though some are missing. Does nothing for a complete body. */
    void fail(IOException cause) {
        lock.lock();
        try {
            if (!complete && failure == null) {
                failure = cause;
                release();
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Tells that nobody reads any more: what waits and what comes is dropped. */
    void drop() {
        lock.lock();
        try {
            dropped = true;
            release();
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether all bytes have been added. */
    boolean isComplete() {
        lock.lock();
        try {
            return complete;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the loop should read on: somebody wants the bytes, or nobody ever will and they go by. */
    boolean wantsMore() {
        lock.lock();
        try {
            return !complete && failure == null && (dropped || (begun && waiting < WINDOW));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        boolean askForMore;
        int taken;
        lock.lock();
        try {
            boolean first = !begun;
            begun = true;
            if (first && !complete && failure == null) {
                // Nothing is read before somebody wants it, so that a refusal costs the client no upload.
                hasRoom.run();
            }
            while (pieces.isEmpty() && !complete && failure == null) {
                changed.awaitUninterruptibly();
            }
            if (failure != null) {
                throw failure;
            }
            if (pieces.isEmpty()) {
                return -1;
            }
            long before = waiting;
            taken = take(target, offset, length);
            askForMore = !complete && before >= WINDOW && waiting < WINDOW;
        } finally {
            lock.unlock();
        }
        if (askForMore) {
            hasRoom.run();
        }
        return taken;
    }

    private int take(byte[] target, int offset, int length) {
        int taken = 0;
        while (taken < length && !pieces.isEmpty()) {
            ByteBuf piece = requireNonNull(pieces.peek());
            int part = Math.min(length - taken, piece.readableBytes());
            piece.readBytes(target, offset + taken, part);
            taken += part;
            if (!piece.isReadable()) {
                pieces.remove().release();
            }
        }
        waiting -= taken;
        return taken;
    }

    private void release() {
        pieces.forEach(ByteBuf::release);
        pieces.clear();
        waiting = 0;
    }
}
