package io.weightspan.server.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends connections that wait too long for a request, or whose request takes too long to arrive.
 *
 * <p>A request's time runs from its first byte and is not extended by further bytes, so that a client which sends one
 * byte a second gains nothing. Stands before the decoder, on the connection's event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails also ends the connection, which is listened for
final class RequestClock extends ChannelInboundHandlerAdapter {

    /** Fired up the pipeline when a request didn't arrive in time; the connection is to be ended. */
    enum Event {
        REQUEST_TIMEOUT
    }

    private enum State {
        WAITING,
        RECEIVING,
        ANSWERING
    }

    private final Duration idle;
    private final Duration request;
    private State state = State.WAITING;
    private @Nullable Future<?> timer;

    /**
     * Creates a clock for one connection.
     *
     * @param idle how long the connection may wait for a request's first byte
     * @param request how long a request may take from there to its last byte
     */
    RequestClock(Duration idle, Duration request) {
        this.idle = idle;
        this.request = request;
    }

    /** Stops the clock: a request has arrived whole. */
    void answering() {
        cancel();
        state = State.ANSWERING;
    }

    /** Waits for the next request. */
    void waiting(ChannelHandlerContext ctx) {
        cancel();
        state = State.WAITING;
        timer = ctx.executor().schedule(() -> ctx.close(), idle.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        waiting(ctx);
        ctx.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (state == State.WAITING) {
            cancel();
            state = State.RECEIVING;
            timer = ctx.executor()
                    .schedule(
                            () -> ctx.fireUserEventTriggered(Event.REQUEST_TIMEOUT),
                            request.toMillis(),
                            TimeUnit.MILLISECONDS);
        }
        ctx.fireChannelRead(message);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        cancel();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        cancel();
        ctx.fireChannelInactive();
    }

    private void cancel() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }
}
