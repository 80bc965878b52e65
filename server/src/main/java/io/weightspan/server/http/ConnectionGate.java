package io.weightspan.server.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.group.ChannelGroup;
import java.nio.charset.StandardCharsets;

/**
 * Lets in so many connections and turns away further ones, with a 503 where there is no TLS. One instance serves all
 * connections.
 */
@Sharable
@SuppressWarnings("FutureReturnValueIgnored") // what fails also ends the connection, which is listened for
final class ConnectionGate extends ChannelInboundHandlerAdapter {

    private static final byte[] TURNED_AWAY = """
            HTTP/1.1 503 Service Unavailable\r
            Retry-After: 1\r
            Content-Length: 0\r
            Connection: close\r
            \r
            """.getBytes(StandardCharsets.US_ASCII);

    private final ChannelGroup open;
    private final int max;
    private final boolean secured;

    /**
     * Creates a gate.
     *
     * @param open gets the connections that are let in; it drops closed ones by itself
     * @param max connections open at once
     * @param secured whether connections have TLS, whose handshake a refusal isn't worth
     */
    ConnectionGate(ChannelGroup open, int max, boolean secured) {
        this.open = open;
        this.max = max;
        this.secured = secured;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        // Two event loops may both let one in past the limit; being off by the number of loops harms nothing.
        if (open.size() >= max && secured) {
            ctx.close();
            return;
        }
        if (open.size() >= max) {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(TURNED_AWAY)).addListener(ChannelFutureListener.CLOSE);
            return;
        }
        open.add(ctx.channel());
        ctx.fireChannelActive();
    }
}
