package io.weightspan.server.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;

/**
 * Joins a request with its body, which is small: blobs never pass here.
 *
 * <p>A body past the limit is answered like every other refusal, and ends the connection, since the rest of it is
 * still on its way.
 */
final class RequestAggregator extends HttpObjectAggregator {

    /** Fired up the pipeline when a body is longer than the limit; the connection is to be ended. */
    enum Event {
        BODY_TOO_LARGE
    }

    RequestAggregator(int maxBody) {
        super(maxBody, true);
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext ctx, HttpMessage oversized) {
        ctx.fireUserEventTriggered(Event.BODY_TOO_LARGE);
    }
}
