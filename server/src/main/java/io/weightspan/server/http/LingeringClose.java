package io.weightspan.server.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DuplexChannel;
import java.util.concurrent.TimeUnit;

/**
 * Ends a connection of HTTP/2 in two steps: first says that nothing more is sent, then waits a while for the client to
 * end it.
 *
 * <p>A client of HTTP/2 goes on sending while it reads, at the least how much more it takes. What arrives at a socket
 * that is closed has the system answer with a reset, which takes away from the client what it has not read yet (RFC
 * 9112, section 9.6). Stands first in a connection's pipeline.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails ends with the connection
final class LingeringClose extends ChannelDuplexHandler {

    private static final int SECONDS = 5;

    private boolean closing;

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (closing || !ctx.channel().isActive() || !(ctx.channel() instanceof DuplexChannel connection)) {
            ctx.close(promise);
            return;
        }
        closing = true;
        ctx.channel().closeFuture().addListener(closed -> promise.trySuccess());
        // Behind all that is still to be sent.
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> {
            ChannelFuture ended = connection.shutdownOutput();
            ended.addListener(done -> {
                if (done.isSuccess()) {
                    ctx.executor().schedule(() -> ctx.close(), SECONDS, TimeUnit.SECONDS);
                } else {
                    ctx.close();
                }
            });
        });
    }
}
