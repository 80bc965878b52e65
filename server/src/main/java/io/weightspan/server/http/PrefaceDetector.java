package io.weightspan.server.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import java.util.List;

/** Tells by the first bytes of a connection without TLS whether the client speaks HTTP/2 or HTTP/1.1. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails also ends the connection, which is listened for
final class PrefaceDetector extends ByteToMessageDecoder {

    private final ServerContext shared;
    private final ByteBuf preface = Http2CodecUtil.connectionPrefaceBuf();

    PrefaceDetector(ServerContext shared) {
        this.shared = shared;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) throws Exception {
        super.channelActive(ctx);
        ctx.read();
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        int length = Math.min(in.readableBytes(), preface.readableBytes());
        for (int i = 0; i < length; i++) {
            if (in.getByte(in.readerIndex() + i) != preface.getByte(i)) {
                decide(ctx, false);
                return;
            }
        }
        if (length == preface.readableBytes()) {
            decide(ctx, true);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event == RequestClock.Event.REQUEST_TIMEOUT) {
            ctx.close();
        } else {
            super.userEventTriggered(ctx, event);
        }
    }

    private void decide(ChannelHandlerContext ctx, boolean isHttp2) {
        if (isHttp2) {
            Protocols.addHttp2(ctx.channel(), shared);
        } else {
            Protocols.addHttp1(ctx.channel(), shared);
        }
        ctx.fireChannelActive();
        // What has been read goes on to the handlers just added.
        ctx.pipeline().remove(this);
    }
}
