package io.weightspan.server.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultFileRegion;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes one answer to its connection. One instance for each answer, on the event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails also ends the connection, which is listened for
final class ResponseWriter {

    /** The form of RFC 9110 section 5.6.7, two digits for the day included. */
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH).withZone(ZoneOffset.UTC);

    private final ChannelHandlerContext ctx;
    private final ServerContext shared;
    private final Outlet outlet;
    private @Nullable BodyPump pump;

    ResponseWriter(ChannelHandlerContext ctx, ServerContext shared, Outlet outlet) {
        this.ctx = ctx;
        this.shared = shared;
        this.outlet = outlet;
    }

    /**
     * Writes an answer.
     *
     * @param response the answer, whose body this doesn't close
     * @param id the request's id
     * @param head whether the body is left out
     * @param keepAlive whether the connection stays open
     * @return fulfilled when the last byte is written; once it is done, nobody reads the body any more
     */
    ChannelFuture write(Response response, String id, boolean head, boolean keepAlive) {
        HttpResponse message = new DefaultHttpResponse(HttpVersion.HTTP_1_1, response.status());
        for (Map.Entry<String, String> header : response.headers()) {
            message.headers().set(header.getKey(), header.getValue());
        }
        message.headers().set(HttpHeaderNames.CONTENT_LENGTH, response.length());
        message.headers().set(HttpHeaderNames.DATE, DATE.format(Instant.now()));
        message.headers().set("X-Request-Id", id);
        message.headers()
                .set(HttpHeaderNames.CONNECTION, keepAlive ? HttpHeaderValues.KEEP_ALIVE : HttpHeaderValues.CLOSE);
        ChannelPromise done = ctx.newPromise();
        ctx.write(message);
        if (head || response.body().length() == 0) {
            return ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT, done);
        }
        switch (response.body()) {
            case Body.Bytes bytes -> {
                ctx.write(new DefaultHttpContent(Unpooled.wrappedBuffer(bytes.bytes())));
                ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT, done);
            }
            case Body.FileRange part when !outlet.takesFiles() -> {
                long end = part.offset() + part.length();
                stream(new Body.Streamed(new FileSource(part.file(), end), part.offset(), part.length()), done);
            }
            case Body.FileRange part -> {
                // A region that fails leaves a short body, which only the end of the connection can tell the client.
                ctx.write(new DefaultFileRegion(part.file(), part.offset(), part.length()))
                        .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
                ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT, done);
            }
            case Body.Streamed streamed -> stream(streamed, done);
        }
        return done;
    }

    private void stream(Body.Streamed body, ChannelPromise done) {
        ctx.flush();
        pump = new BodyPump(ctx, body, shared, outlet, done);
        pump.fill();
    }

    /** Returns whether the client could take bytes that are made. */
    boolean hasUnsentBytes() {
        return pump == null || pump.hasUnsentBytes();
    }

    /** Continues with the body when the connection can take more. */
    void resume() {
        if (pump != null) {
            pump.fill();
        }
    }

    /** Gives up the rest of the body. */
    void stop(Throwable cause) {
        if (pump != null) {
            pump.stop(cause);
        }
    }
}
