package io.weightspan.server.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateHandler;
import java.util.concurrent.TimeUnit;

/**
 * Puts the handlers of connections together: HTTP/1.1 and HTTP/2, with TLS or without.
 *
 * <p>A stream of HTTP/2 has the handlers of a connection of HTTP/1.1 that carries one request, so that both answer
 * alike and cost alike.
 */
final class Protocols {

    /** Bytes of an uploaded body in one piece, at most. */
    private static final int READ_BYTES = 64 * 1024;

    /** Streams that a connection may have open; RFC 9113 recommends no fewer. */
    private static final int MAX_STREAMS = 100;

    /** Bytes of an uploaded body that a client may send before the handler reads them. */
    private static final int STREAM_WINDOW = 256 * 1024;

    /** The same of all streams of a connection: several that nobody reads leave the others room. */
    private static final int CONNECTION_WINDOW = 32 * STREAM_WINDOW;

    /** Streams that a client may reset within the seconds after, and answers of ours that it may make us reset. */
    private static final int MAX_RESETS = 200;

    private static final int RESETS_SECONDS = 30;

    /** Answers to frames of control, such as pings, that may wait for a client which reads nothing. */
    private static final int MAX_CONTROL_FRAMES = 1000;

    private static final int MAX_EMPTY_DATA_FRAMES = 2;
    private static final int MAX_SMALL_CONTINUATION_FRAMES = 16;

    private Protocols() {}

    /** Adds what a connection without TLS needs after the gate. */
    static void addPlain(Channel channel, ServerContext shared) {
        channel.pipeline().addLast(clock(shared.limits())).addLast(new PrefaceDetector(shared));
    }

    /** Adds what a connection with TLS needs after the gate. */
    static void addSecured(Channel channel, SslContext tls, ServerContext shared) {
        SslHandler handler = tls.newHandler(channel.alloc());
        handler.setHandshakeTimeoutMillis(shared.limits().requestTime().toMillis());
        channel.pipeline().addLast(handler).addLast(new NegotiatedProtocol(shared));
    }

    /** Returns what times the requests of a connection, or of a stream. */
    static RequestClock clock(HttpLimits limits) {
        return new RequestClock(limits.keepAliveIdle(), limits.requestTime());
    }

    /** Adds what a connection of HTTP/1.1 needs, after its clock. */
    static void addHttp1(Channel channel, ServerContext shared) {
        HttpLimits limits = shared.limits();
        Outlet outlet =
                new Outlet(new BodyBudget(limits.bodyBytesPerConnection()), !shared.secured(), Integer.MAX_VALUE);
        channel.pipeline()
                .addLast(new IdleStateHandler(true, 0, limits.writeStall().toMillis(), 0, TimeUnit.MILLISECONDS))
                .addLast(new HttpServerCodec(new HttpDecoderConfig()
                        .setMaxInitialLineLength(limits.maxRequestLine())
                        .setMaxHeaderSize(limits.maxHeaderBytes())
                        .setMaxChunkSize(READ_BYTES)));
        addRequests(channel.pipeline(), shared, outlet);
    }

    /** Adds what a connection of HTTP/2 needs. Its clock, if it has one, goes: each stream has its own. */
    static void addHttp2(Channel channel, ServerContext shared) {
        HttpLimits limits = shared.limits();
        BodyBudget budget = new BodyBudget(limits.bodyBytesPerConnection());
        Http2FrameCodec codec = codec(limits);
        // What the client sends is bounded by the windows, and frames of control have to be read whatever is sent.
        channel.config().setAutoRead(true);
        RequestClock clock = channel.pipeline().get(RequestClock.class);
        if (clock != null) {
            channel.pipeline().remove(clock);
        }
        channel.pipeline()
                .addFirst(new LingeringClose())
                .addLast(codec)
                .addLast(new Http2MultiplexHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel stream) {
                        addStream(stream, shared, new Outlet(budget, false, Http2CodecUtil.DEFAULT_MAX_FRAME_SIZE));
                    }
                }))
                .addLast(new Http2Streams(codec.connection(), CONNECTION_WINDOW, limits.keepAliveIdle()));
    }

    private static Http2FrameCodec codec(HttpLimits limits) {
        return Http2FrameCodecBuilder.forServer()
                .initialSettings(new Http2Settings()
                        .maxConcurrentStreams(MAX_STREAMS)
                        .initialWindowSize(STREAM_WINDOW)
                        .maxHeaderListSize((long) limits.maxHeaderBytes() + limits.maxRequestLine()))
                .validateHeaders(true)
                .decoderEnforceMaxRstFramesPerWindow(MAX_RESETS, RESETS_SECONDS)
                .encoderEnforceMaxRstFramesPerWindow(MAX_RESETS, RESETS_SECONDS)
                .decoderEnforceMaxConsecutiveEmptyDataFrames(MAX_EMPTY_DATA_FRAMES)
                .decoderEnforceMaxSmallContinuationFrames(MAX_SMALL_CONTINUATION_FRAMES)
                .encoderEnforceMaxQueuedControlFrames(MAX_CONTROL_FRAMES)
                .gracefulShutdownTimeoutMillis(limits.shutdownGrace().toMillis())
                .build();
    }

    private static void addStream(Channel stream, ServerContext shared, Outlet outlet) {
        HttpLimits limits = shared.limits();
        stream.config()
                .setAutoRead(false)
                .setWriteBufferWaterMark(new WriteBufferWaterMark(limits.highWaterMark() / 2, limits.highWaterMark()));
        stream.pipeline()
                .addLast(new IdleStateHandler(0, limits.writeStall().toMillis(), 0, TimeUnit.MILLISECONDS))
                .addLast(clock(limits))
                .addLast(new Http2StreamFrameToHttpObjectCodec(true));
        addRequests(stream.pipeline(), shared, outlet);
    }

    private static void addRequests(ChannelPipeline pipeline, ServerContext shared, Outlet outlet) {
        pipeline.addLast(new RequestAggregator(shared.limits().maxRequestBody(), shared.handler()))
                .addLast(new FlowControlHandler())
                .addLast(new Exchange(shared, pipeline.get(RequestClock.class), outlet));
    }
}
