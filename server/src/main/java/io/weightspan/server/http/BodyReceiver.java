package io.weightspan.server.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Receives one body from its connection, as fast as the handler reads and no slower than the limits allow.
 *
 * <p>The client's time runs only while the server waits for it, and {@link #STEP} bytes extend it. One instance for
 * each body, on the connection's event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails also ends the connection, which is listened for
final class BodyReceiver {

    /** Bytes that a client must send within the time of a request. */
    private static final int STEP = 64 * 1024;

    /** Bytes read past a refusal, so that a client which sends first and reads then gets to read it. */
    private static final long LINGER_BYTES = 64L << 20;

    private static final long LINGER_SECONDS = 10;

    private final ChannelHandlerContext ctx;
    private final HttpLimits limits;
    private final ArrivingBody body;
    private final boolean expectsContinue;
    private boolean asked;
    private boolean lingering;
    private long sinceStep;
    private long past;
    private @Nullable Future<?> timer;

    BodyReceiver(ChannelHandlerContext ctx, HttpRequest head, HttpLimits limits) {
        this.ctx = ctx;
        this.limits = limits;
        this.expectsContinue = HttpUtil.is100ContinueExpected(head);
        this.body = new ArrivingBody(() -> ctx.executor().execute(this::demand));
    }

    /** Returns the body, which a handler's thread reads. */
    ArrivingBody body() {
        return body;
    }

    /** Reads on where somebody wants it. */
    void demand() {
        if (!body.wantsMore()) {
            stopTimer();
            return;
        }
        if (expectsContinue && !asked && !lingering) {
            ctx.writeAndFlush(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE));
        }
        asked = true;
        if (timer == null && !lingering) {
            timer = ctx.executor().schedule(this::stalled, limits.requestTime().toMillis(), TimeUnit.MILLISECONDS);
        }
        ctx.read();
    }

    /**
     * Takes a piece of the body.
     *
     * @return whether it was the last
     */
    boolean receive(HttpContent content) {
        ByteBuf bytes = content.content();
        if (content.decoderResult().isFailure()) {
            stopTimer();
            body.fail(new RequestBodyException(HttpResponseStatus.BAD_REQUEST, "the body isn't as HTTP has it"));
            return false;
        }
        int length = bytes.readableBytes();
        sinceStep += length;
        past += lingering ? length : 0;
        if (sinceStep >= STEP) {
            sinceStep = 0;
            stopTimer();
        }
        body.add(bytes.retain());
        if (content instanceof LastHttpContent) {
            stopTimer();
            body.finish();
            return true;
        }
        if (past > LINGER_BYTES) {
            ctx.close();
        } else {
            demand();
        }
        return false;
    }

    /** Lets the rest of a body that nobody wants go by for a while, then ends the connection. */
    void linger() {
        lingering = true;
        stopTimer();
        body.drop();
        timer = ctx.executor().schedule(() -> ctx.close(), LINGER_SECONDS, TimeUnit.SECONDS);
        demandRest();
    }

    /** Ends the body early where the connection has ended. */
    void disconnected() {
        stopTimer();
        body.fail(new ClosedChannelException());
        body.drop();
    }

    /** Returns whether the head of a request expects what this server does not do. */
    static boolean expectsMore(HttpRequest head) {
        String expect = head.headers().get(HttpHeaderNames.EXPECT);
        return expect != null && !HttpHeaderValues.CONTINUE.contentEqualsIgnoreCase(expect);
    }

    private void demandRest() {
        if (expectsContinue && !asked) {
            // The client was never told to send: it has the refusal in place of its permission.
            ctx.close();
        } else {
            ctx.read();
        }
    }

    private void stalled() {
        timer = null;
        IOException late = new RequestBodyException(
                HttpResponseStatus.REQUEST_TIMEOUT, "the request's body took too long to arrive");
        body.fail(late);
    }

    private void stopTimer() {
        if (timer != null && !lingering) {
            timer.cancel(false);
            timer = null;
        }
    }
}
