package io.weightspan.server.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for the handshake of TLS, in which the client chooses HTTP/2 or HTTP/1.1. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails also ends the connection, which is listened for
final class NegotiatedProtocol extends ApplicationProtocolNegotiationHandler {

    private static final Logger LOG = LoggerFactory.getLogger(NegotiatedProtocol.class);

    private final ServerContext shared;

    NegotiatedProtocol(ServerContext shared) {
        super(ApplicationProtocolNames.HTTP_1_1);
        this.shared = shared;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) throws Exception {
        super.channelActive(ctx);
        ctx.read();
    }

    @Override
    protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
        if (ApplicationProtocolNames.HTTP_2.equals(protocol)) {
            Protocols.addHttp2(ctx.channel(), shared);
        } else {
            ctx.pipeline().addLast(Protocols.clock(shared.limits()));
            Protocols.addHttp1(ctx.channel(), shared);
        }
        ctx.fireChannelActive();
    }

    @Override
    protected void handshakeFailure(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{} did not come to terms on TLS", ctx.channel().remoteAddress(), cause);
        ctx.close();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("connection of {} failed", ctx.channel().remoteAddress(), cause);
        ctx.close();
    }
}
