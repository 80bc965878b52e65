package io.weightspan.server.http;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.timeout.IdleStateEvent;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.slf4j.event.Level;

/**
 * Takes one request after the other from a connection, or the one of a stream of HTTP/2, has a worker answer it, and
 * sends the answer.
 *
 * <p>The next request is read when the answer before it is written, so pipelined requests are answered in order and
 * cost little while they wait. One instance for each connection, on its event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails also ends the connection, which is listened for
final class Exchange extends SimpleChannelInboundHandler<HttpObject> {

    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

    private static final Pattern GIVEN_ID = Pattern.compile("[A-Za-z0-9._:;=/+\\-]{1,128}");

    private final ServerContext shared;
    private final RequestClock clock;
    private final Outlet outlet;
    private @Nullable ResponseWriter writer;
    private @Nullable BodyReceiver receiver;
    private @Nullable Heard heard;
    private volatile boolean busy;

    Exchange(ServerContext shared, RequestClock clock, Outlet outlet) {
        this.shared = shared;
        this.clock = clock;
        this.outlet = outlet;
    }

    /** Returns whether an answer is being made or sent. */
    boolean isBusy() {
        return busy;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.read();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        // What was read made no whole request, and with it the flow control before this handler forgets that one is
        // wanted.
        if (!busy) {
            ctx.read();
        } else if (receiver != null) {
            receiver.demand();
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
        if (message instanceof HttpRequest head) {
            begin(ctx, head);
        } else if (message instanceof HttpContent content && receiver != null) {
            boolean isRefused = writer == null && !busy;
            if (receiver.receive(content) && isRefused) {
                ctx.close();
            }
        }
    }

    private void begin(ChannelHandlerContext ctx, HttpRequest head) {
        clock.answering();
        busy = true;
        heard = Heard.of(head);
        shared.listener().began();
        receiver = head instanceof FullHttpRequest ? null : new BodyReceiver(ctx, head, shared.limits());
        if (head.decoderResult().isFailure()) {
            send(ctx, Refusals.ofMalformed(head.decoderResult().cause()), newId(), false, false);
            return;
        }
        String id = requestId(head.headers());
        String method = head.method().name();
        InetAddress client = shared.proxies().client(remote(ctx), head.headers());
        heard = heard.of(client);
        boolean keepAlive = HttpUtil.isKeepAlive(head);
        Request request;
        try {
            RequestTarget target = RequestTarget.parse(head.uri());
            heard = heard.with(target);
            request = new Request(
                    method, target, head.headers(), body(head, receiver), shared.secured(), id, client);
        } catch (HttpException e) {
            send(ctx, Refusals.of(e), id, "HEAD".equals(method), keepAlive);
            return;
        }
        Executor threads = request.isRead() ? shared.workers() : shared.writers();
        try {
            threads.execute(() -> answer(ctx, request, keepAlive));
        } catch (RejectedExecutionException e) {
            send(ctx, overloaded(), id, request.isHead(), false);
        }
    }

    private static @Nullable InetAddress remote(ChannelHandlerContext ctx) {
        return ctx.channel().remoteAddress() instanceof InetSocketAddress socket ? socket.getAddress() : null;
    }

    private static RequestBody body(HttpRequest head, @Nullable BodyReceiver receiver) {
        if (receiver != null) {
            long length = HttpUtil.isTransferEncodingChunked(head) ? -1 : HttpUtil.getContentLength(head, -1L);
            return new RequestBody.Arriving(
                    length < 0 ? OptionalLong.empty() : OptionalLong.of(length), receiver.body());
        }
        return head instanceof FullHttpRequest full && full.content().isReadable()
                ? new RequestBody.Whole(ByteBufUtil.getBytes(full.content()))
                : RequestBody.NONE;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == RequestClock.Event.REQUEST_TIMEOUT) {
            refuseAndClose(ctx, HttpResponseStatus.REQUEST_TIMEOUT, "the request took too long to arrive");
        } else if (event == RequestAggregator.Event.BODY_TOO_LARGE) {
            refuseAndClose(ctx, HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, "the request's body is too large");
        } else if (event instanceof IdleStateEvent idle && !idle.isFirst() && hasUnsentBytes(ctx)) {
            // The first only tells that no write was completed, and a large one may go on for hours; those that follow
            // tell that no byte has gone since the one before.
            LOG.debug("{} takes no bytes, closing", ctx.channel().remoteAddress());
            ctx.close();
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (writer != null && ctx.channel().isWritable()) {
            writer.resume();
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (writer != null) {
            writer.stop(new ClosedChannelException());
        }
        if (receiver != null) {
            receiver.disconnected();
        }
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (Http2Streams.isClientsDoing(cause)) {
            LOG.debug("connection of {} failed", ctx.channel().remoteAddress(), cause);
        } else {
            LOG.error("a defect of the server in the connection of {}", ctx.channel().remoteAddress(), cause);
        }
        ctx.close();
    }

    /** Runs on a worker. */
    private void answer(ChannelHandlerContext ctx, Request request, boolean keepAlive) {
        Response response;
        try (MDC.MDCCloseable _ = MDC.putCloseable("request", request.id())) {
            response = shared.handler()
                    .handle(request)
                    .orElseThrow(
                            () -> new HttpException(HttpResponseStatus.NOT_FOUND, "there is nothing at this path"));
        } catch (HttpException | IOException | RuntimeException | Error e) {
            // An error must not leave the client without an answer; the log has it.
            response = Refusals.of(e, request.id());
        }
        Response answer = response;
        LOG.debug("request {}: {} {} -> {}", request.id(), request.method(), request.target(), answer.status().code());
        try {
            ctx.executor().execute(() -> send(ctx, answer, request.id(), request.isHead(), keepAlive));
        } catch (RejectedExecutionException e) {
            close(answer.body());
        }
    }

    private void send(ChannelHandlerContext ctx, Response response, String id, boolean head, boolean keepAlive) {
        if (!ctx.channel().isActive()) {
            closeLater(response.body());
            tell(ctx, response, id, false);
            return;
        }
        // What a client still sends of a body that nobody wants can't be told from its next request.
        boolean hasAll = receiver == null || receiver.body().isComplete();
        boolean stays = keepAlive && hasAll && !shared.draining().getAsBoolean();
        writer = new ResponseWriter(ctx, shared, outlet);
        ChannelFuture written = writer.write(response, id, head, stays);
        written.addListener(done -> sent(ctx, response, id, stays && done.isSuccess(), done.cause()));
    }

    private void sent(
            ChannelHandlerContext ctx, Response response, String id, boolean stays, @Nullable Throwable failure) {
        writer = null;
        busy = false;
        closeLater(response.body());
        tell(ctx, response, id, failure == null);
        if (failure != null) {
            boolean clientLeft = !ctx.channel().isActive();
            LOG.atLevel(clientLeft ? Level.DEBUG : Level.WARN)
                    .setCause(failure)
                    .log("request {}: the answer ended early", id);
        }
        if (stays) {
            receiver = null;
            clock.waiting(ctx);
            ctx.read();
        } else if (failure == null && receiver != null && !receiver.body().isComplete()) {
            receiver.linger();
        } else {
            end(ctx, failure == null);
        }
    }

    private void tell(ChannelHandlerContext ctx, Response response, String id, boolean isWhole) {
        Heard request = heard;
        heard = null;
        if (request != null) {
            InetAddress client = request.client() == null ? remote(ctx) : request.client();
            String peer = client == null ? "" : client.getHostAddress();
            shared.listener().ended(request.ended(id, peer, response, isWhole));
        }
    }

    /**
     * What is known of the request that is being answered.
     *
     * @param method empty where none could be read
     * @param target empty where none could be read
     * @param client who made it; null where that is not known yet or any more
     * @param bytes of its body, as announced
     * @param begin when it came, by {@link System#nanoTime}
     */
    private record Heard(
            String method,
            Optional<RequestTarget> target,
            @Nullable InetAddress client,
            long bytes,
            long begin) {

        static final Heard NOTHING = new Heard("", Optional.empty(), null, 0, 0);

        static Heard of(HttpRequest head) {
            if (head.decoderResult().isFailure()) {
                return NOTHING.now();
            }
            long bytes = head instanceof FullHttpRequest full
                    ? full.content().readableBytes()
                    : HttpUtil.getContentLength(head, 0L);
            return new Heard(head.method().name(), Optional.empty(), null, bytes, System.nanoTime());
        }

        Heard now() {
            return new Heard(method, target, client, bytes, System.nanoTime());
        }

        Heard with(RequestTarget found) {
            return new Heard(method, Optional.of(found), client, bytes, begin);
        }

        Heard of(@Nullable InetAddress who) {
            return new Heard(method, target, who, bytes, begin);
        }

        EndedRequest ended(String id, String peer, Response response, boolean isWhole) {
            Duration time = Duration.ofNanos(System.nanoTime() - begin);
            long sent = method.equals("HEAD") ? 0 : response.body().length();
            return new EndedRequest(id, method, target, peer, response.status().code(), bytes, sent, time, isWhole);
        }
    }

    /** Ends a connection. A stream that isn't over ends with what tells the client whether it has the whole answer. */
    private static void end(ChannelHandlerContext ctx, boolean isWhole) {
        if (ctx.channel() instanceof Http2StreamChannel && ctx.channel().isActive()) {
            ctx.writeAndFlush(new DefaultHttp2ResetFrame(isWhole ? Http2Error.NO_ERROR : Http2Error.INTERNAL_ERROR));
        }
        ctx.close();
    }

    private void refuseAndClose(ChannelHandlerContext ctx, HttpResponseStatus status, String message) {
        clock.answering();
        busy = true;
        if (heard == null) {
            heard = Heard.NOTHING.now();
            shared.listener().began();
        }
        send(ctx, Refusals.of(new HttpException(status, message)), newId(), false, false);
    }

    private boolean hasUnsentBytes(ChannelHandlerContext ctx) {
        if (ctx.channel() instanceof Http2StreamChannel) {
            return writer != null && writer.hasUnsentBytes();
        }
        ChannelOutboundBuffer unsent = ctx.channel().unsafe().outboundBuffer();
        return unsent != null && !unsent.isEmpty();
    }

    private void closeLater(Body body) {
        if (body instanceof Body.Bytes) {
            return;
        }
        try {
            shared.workers().execute(() -> close(body));
        } catch (RejectedExecutionException e) {
            close(body);
        }
    }

    private static void close(Body body) {
        try {
            body.close();
        } catch (IOException e) {
            LOG.warn("a body could not be closed", e);
        }
    }

    private static Response overloaded() {
        return Refusals.of(new HttpException(HttpResponseStatus.SERVICE_UNAVAILABLE, "the server is stopping"));
    }

    /** The client's own id, or the one that the Hub's clients give every request. */
    private static String requestId(HttpHeaders headers) {
        String given = headers.get("X-Request-Id");
        String id = given == null ? headers.get("X-Amzn-Trace-Id") : given;
        return id != null && GIVEN_ID.matcher(id).matches() ? id : newId();
    }

    private static String newId() {
        return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    }
}
