package io.weightspan.server.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Sends a body that is made while it is sent.
 *
 * <p>Pieces are read by the workers, several at once, and written in order by the event loop. No piece is begun while
 * the connection's outbound buffer is past its high-water mark, so a slow client costs a few pieces and no worker;
 * streams of one connection share a {@link BodyBudget} besides. When the connection ends, what is being read is
 * finished and dropped. Used on the event loop only.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails also ends the connection, which is listened for
final class BodyPump {

    /** A piece in the order of the body; without bytes until a worker has read it. */
    private static final class Piece {
        private @Nullable ByteBuf bytes;
    }

    private static final int FIRST_BYTES = 1 << 18;

    private final ChannelHandlerContext ctx;
    private final Body.Streamed body;
    private final Executor workers;
    private final HttpLimits limits;
    private final Outlet outlet;
    private final ChannelPromise done;
    private final ArrayDeque<Piece> pieces = new ArrayDeque<>();
    private final long end;
    private long next;
    private int reading;

    /** Bytes that are read or made and not yet with the system. */
    private long held;

    /** Those of them that wait for the client. */
    private long unsent;
    private @Nullable Throwable failure;

    /**
     * Creates a pump for one body.
     *
     * @param shared whose workers read the body
     * @param outlet how bytes leave
     * @param done fulfilled when the last byte is written, or failed when that won't happen; in both cases nobody reads
     *     the body any more
     */
    BodyPump(ChannelHandlerContext ctx, Body.Streamed body, ServerContext shared, Outlet outlet, ChannelPromise done) {
        this.ctx = ctx;
        this.body = body;
        this.workers = shared.workers();
        this.limits = shared.limits();
        this.outlet = outlet;
        this.done = done;
        this.next = body.offset();
        this.end = Math.addExact(body.offset(), body.length());
    }

    /** Begins as many pieces as may be read now; called at the start and whenever the connection becomes writable. */
    void fill() {
        while (failure == null
                && next < end
                && pieces.size() < limits.bodyWindow()
                && ctx.channel().isWritable()) {
            // The first piece is short, so that the client hears of it soon while the next ones are made.
            int wanted = next == body.offset() ? Math.min(FIRST_BYTES, limits.chunkBytes()) : limits.chunkBytes();
            int most = outlet.budget().allows(wanted, held == 0);
            if (most == 0) {
                return;
            }
            long limit = Math.min(end, next + most);
            long to = body.source().pieceEnd(next, limit);
            if (to <= next || to > limit) {
                stop(new IllegalStateException("a piece at " + next + " would end at " + to));
                return;
            }
            begin(next, (int) (to - next));
            next = to;
        }
    }

    /** Returns whether bytes wait for the client. */
    boolean hasUnsentBytes() {
        return unsent > 0;
    }

    /** Ends the body early; the promise fails once no worker reads any more. */
    void stop(Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
        for (Piece piece : pieces) {
            if (piece.bytes != null) {
                drop(piece.bytes);
            }
        }
        pieces.clear();
        if (reading == 0) {
            done.tryFailure(failure);
        }
    }

    private void begin(long from, int length) {
        Piece piece = new Piece();
        pieces.add(piece);
        reading++;
        hold(length);
        try {
            workers.execute(() -> read(piece, from, length));
        } catch (RejectedExecutionException e) {
            reading--;
            hold(-length);
            stop(e);
        }
    }

    /** Runs on a worker. */
    private void read(Piece piece, long from, int length) {
        ByteBuf bytes = ctx.alloc().directBuffer(length, length);
        @Nullable
        Throwable thrown = null;
        try {
            body.source().read(from, MemorySegment.ofBuffer(bytes.nioBuffer(0, length)));
            bytes.writerIndex(length);
        } catch (IOException | RuntimeException | Error e) {
            // Whatever it is, the client must not take what it has for the whole, so the event loop must hear of it.
            thrown = e;
        }
        Throwable outcome = thrown;
        try {
            ctx.executor().execute(() -> hasRead(piece, bytes, outcome));
        } catch (RejectedExecutionException e) {
            // The event loop is gone, and its connections with it.
            bytes.release();
        }
    }

    private void hasRead(Piece piece, ByteBuf bytes, @Nullable Throwable thrown) {
        reading--;
        if (failure != null || thrown != null || !ctx.channel().isActive()) {
            drop(bytes);
            stop(thrown == null ? new IOException("the client is gone") : thrown);
            return;
        }
        piece.bytes = bytes;
        writeReady();
        if (failure == null) {
            fill();
        }
    }

    private void writeReady() {
        boolean wrote = false;
        for (Piece first = pieces.peek(); first != null && first.bytes != null; first = pieces.peek()) {
            pieces.remove();
            ByteBuf bytes = first.bytes;
            first.bytes = null;
            write(bytes);
            wrote = true;
        }
        if (pieces.isEmpty() && next == end) {
            ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT, done);
        } else if (wrote) {
            ctx.flush();
        }
    }

    private void write(ByteBuf bytes) {
        while (bytes.readableBytes() > outlet.writeBytes()) {
            writePart(bytes.readRetainedSlice(outlet.writeBytes()));
        }
        writePart(bytes);
    }

    private void writePart(ByteBuf part) {
        int length = part.readableBytes();
        unsent += length;
        ctx.write(new DefaultHttpContent(part)).addListener(written -> {
            unsent -= length;
            hold(-length);
            if (written.isSuccess()) {
                // Only now there may be room again.
                fill();
            }
        });
    }

    private void drop(ByteBuf bytes) {
        hold(-bytes.capacity());
        bytes.release();
    }

    private void hold(int bytes) {
        held += bytes;
        outlet.budget().take(bytes);
    }
}
