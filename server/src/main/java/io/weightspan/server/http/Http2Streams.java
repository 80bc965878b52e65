package io.weightspan.server.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after a connection of HTTP/2: ends it when nobody asks anything by it, and when the server stops.
 *
 * <p>Stands last, on the connection's event loop. {@link #drain} may be called from any thread.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails also ends the connection, which is listened for
final class Http2Streams extends ChannelInboundHandlerAdapter {

    private static final Logger LOG = LoggerFactory.getLogger(Http2Streams.class);

    private final Http2Connection connection;
    private final int window;
    private final Duration idle;
    private final AtomicBoolean draining = new AtomicBoolean();
    private @Nullable Future<?> timer;
    private int lastSeen;

    /**
     * Creates the handler of one connection.
     *
     * @param connection its streams
     * @param window bytes that the client may send over all streams before they are read
     * @param idle how long there may be no stream; a connection is ended after one to two times as long
     */
    Http2Streams(Http2Connection connection, int window, Duration idle) {
        this.connection = connection;
        this.window = window;
        this.idle = idle;
    }

    /** Takes no further streams and ends the connection after those that it has. */
    void drain(ChannelHandlerContext ctx) {
        if (draining.compareAndSet(false, true)) {
            // The codec tells the client which stream is the last, and waits for it.
            ctx.close();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) throws Http2Exception {
        // The settings hold the window of each stream; that of the connection can only be raised.
        connection.local().flowController().incrementWindowSize(
                connection.connectionStream(), window - Http2CodecUtil.DEFAULT_WINDOW_SIZE);
        ctx.flush();
        schedule(ctx);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        // Settings and the like, which the codec has answered.
        ReferenceCountUtil.release(message);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (isClientsDoing(cause)) {
            LOG.debug("connection of {} failed", ctx.channel().remoteAddress(), cause);
        } else {
            LOG.error("a defect of the server in the connection of {}", ctx.channel().remoteAddress(), cause);
        }
        if (!(cause instanceof Http2Exception)) {
            // The codec tells the client of those what was wrong, and ends the stream or the connection.
            ctx.close();
        }
    }

    /** Tells whether what ended a connection or stream is what came from the client, or that nothing came. */
    static boolean isClientsDoing(Throwable cause) {
        return cause instanceof IOException || cause instanceof Http2Exception || cause instanceof DecoderException;
    }

    private void schedule(ChannelHandlerContext ctx) {
        timer = ctx.executor().schedule(() -> check(ctx), idle.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void check(ChannelHandlerContext ctx) {
        int last = connection.remote().lastStreamCreated();
        if (connection.numActiveStreams() == 0 && last == lastSeen) {
            ctx.close();
            return;
        }
        lastSeen = last;
        schedule(ctx);
    }
}
