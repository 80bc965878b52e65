package io.weightspan.server.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;

/**
 * Joins a request with its body where that is small. One that is larger, or of unknown length, passes piece by piece
 * where a handler {@link RequestHandler#takesStream takes it so}.
 *
 * <p>A body past the limit that no handler takes is answered like every other refusal, and ends the connection, since
 * the rest of it is still on its way.
 */
final class RequestAggregator extends HttpObjectAggregator {

    /** Fired up the pipeline when a body is longer than the limit; the connection is to be ended. */
    enum Event {
        BODY_TOO_LARGE
    }

    private final RequestHandler handler;

    RequestAggregator(int maxBody, RequestHandler handler) {
        super(maxBody, true);
        this.handler = handler;
    }

    @Override
    public boolean acceptInboundMessage(Object message) throws Exception {
        // What isn't accepted passes as it is; the pieces of a body follow their head.
        return super.acceptInboundMessage(message) && !(message instanceof HttpRequest head && isStream(head));
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext ctx, HttpMessage oversized) {
        ctx.fireUserEventTriggered(Event.BODY_TOO_LARGE);
    }

    private boolean isStream(HttpRequest head) {
        boolean isSmall = !HttpUtil.isTransferEncodingChunked(head)
                && HttpUtil.getContentLength(head, 0L) <= maxContentLength();
        if (isSmall || head.decoderResult().isFailure() || BodyReceiver.expectsMore(head)) {
            return false;
        }
        try {
            return handler.takesStream(head.method().name(), RequestTarget.parse(head.uri()));
        } catch (HttpException e) {
            return false; // answered when the target is parsed to be handled
        }
    }
}
