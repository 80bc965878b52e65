package io.weightspan.server.http;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2PingFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import io.weightspan.server.http.Sources.Counting;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** HTTP/2 without TLS, from a client that begins with it and behaves as it likes. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails shows in what is waited for
class Http2ServerTest {

    private static final HttpLimits LIMITS = new HttpLimits(
            8, 2048, 2048, 65_536, Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(20),
            Duration.ofSeconds(20), 64 * 1024, 3);

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final CompletableFuture<Long> goneAway = new CompletableFuture<>();

    @AfterEach
    void stop() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    @Test
    void aStreamThatIsNotReadHoldsUpNoOther() throws Exception {
        Counting large = new Counting(1L << 30);
        try (HttpServer server = start(large)) {
            Channel client = connect(server);
            List<Stream> stalled = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                Stream stream = new Stream(false);
                stream.ask(client, "/stream");
                stalled.add(stream);
            }
            Stream lively = new Stream(true);
            lively.ask(client, "/bytes");
            assertThat(lively.ended.get(10, TimeUnit.SECONDS)).isEqualTo(10_000);
            assertThat(lively.status).isEqualTo("200");
            // The windows of the client's streams, and what the server may hold for one connection.
            long most = 20 * 65_535L + LIMITS.bodyBytesPerConnection() + 20 * 64 * 1024;
            assertThat(large.bytesRead.get()).isLessThanOrEqualTo(most);
            for (Stream stream : stalled) {
                requireNonNull(stream.channel).close().sync();
            }
            client.close().sync();
        }
    }

    @Test
    void aClientThatResetsWhatItAsksIsSentAway() throws Exception {
        try (HttpServer server = start(new Counting(1L << 30))) {
            Channel client = connect(server);
            for (int i = 0; i < 400 && client.isActive(); i++) {
                Stream stream = new Stream(true);
                if (stream.tryToAsk(client, "/stream")) {
                    requireNonNull(stream.channel).writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL)).await();
                }
            }
            // The system may drop what the server said last, as the client was still sending.
            assertThat(client.closeFuture().await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void refusesAsHttp1Does() throws Exception {
        try (HttpServer server = start(new Counting(10))) {
            Channel client = connect(server);
            Stream large = new Stream(true);
            large.ask(client, "/bytes", "x", "a".repeat(8000));
            large.headed.get(10, TimeUnit.SECONDS);
            assertThat(large.status).isEqualTo("431");
            Stream wrong = new Stream(true);
            wrong.ask(client, "/a/../b");
            wrong.ended.get(10, TimeUnit.SECONDS);
            assertThat(wrong.status).isEqualTo("400");
            client.close().sync();
        }
    }

    @Test
    void aBodyThatBreaksIsNoWholeAnswer() throws Exception {
        Counting broken = new Counting(1_000_000, 300_000);
        try (HttpServer server = start(broken)) {
            Channel client = connect(server);
            Stream stream = new Stream(true);
            stream.ask(client, "/stream");
            assertThat(stream.reset.get(10, TimeUnit.SECONDS)).isEqualTo(Http2Error.INTERNAL_ERROR.code());
            assertThat(stream.ended).isNotDone();
            assertThat(broken.closed).hasValue(1);
            client.close().sync();
        }
    }

    @Test
    void aClientThatReadsLateHasAllWhenTheServerStops() throws Exception {
        HttpServer server = start(new Counting(60_000));
        Channel client = connect(server);
        Stream stream = new Stream(true);
        stream.ask(client, "/stream");
        assertThat(stream.headed.get(10, TimeUnit.SECONDS)).isTrue();
        client.config().setAutoRead(false);
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(server::close);
        // While the server stops the client goes on talking: enough for what it says to meet a closed socket.
        for (int i = 0; i < 50; i++) {
            client.eventLoop().schedule(
                    () -> client.writeAndFlush(new DefaultHttp2PingFrame(7)), 10, TimeUnit.MILLISECONDS).sync();
        }
        client.config().setAutoRead(true);
        assertThat(stream.ended.get(10, TimeUnit.SECONDS)).isEqualTo(60_000);
        assertThat(goneAway.get(10, TimeUnit.SECONDS)).isEqualTo(Http2Error.NO_ERROR.code());
        stopped.get(20, TimeUnit.SECONDS);
    }

    /** One request and what comes of it. */
    private static final class Stream extends ChannelInboundHandlerAdapter {

        private final CompletableFuture<Long> ended = new CompletableFuture<>();
        private final CompletableFuture<Boolean> headed = new CompletableFuture<>();
        private final CompletableFuture<Long> reset = new CompletableFuture<>();
        private final boolean reads;
        private volatile String status = "";
        private @Nullable Http2StreamChannel channel;
        private long bytes;

        Stream(boolean reads) {
            this.reads = reads;
        }

        void ask(Channel client, String path, String... header) throws InterruptedException {
            assertThat(tryToAsk(client, path, header)).isTrue();
        }

        /** Returns whether the connection still took a stream. */
        boolean tryToAsk(Channel client, String path, String... header) throws InterruptedException {
            channel = new Http2StreamChannelBootstrap(client).handler(this).open().await().getNow();
            if (channel == null) {
                return false;
            }
            channel.config().setAutoRead(reads);
            DefaultHttp2Headers headers = new DefaultHttp2Headers();
            headers.method("GET").path(path).scheme("http").authority("h");
            if (header.length > 0) {
                headers.add(header[0], header[1]);
            }
            channel.writeAndFlush(new DefaultHttp2HeadersFrame(headers, true));
            // One frame in any case: the head of the answer.
            channel.read();
            return true;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof Http2HeadersFrame frame) {
                status = String.valueOf(frame.headers().status());
                headed.complete(true);
                end(frame.isEndStream());
            } else if (message instanceof Http2DataFrame data) {
                bytes += data.content().readableBytes();
                end(data.isEndStream());
            }
            ReferenceCountUtil.release(message);
        }

        private void end(boolean isLast) {
            if (isLast) {
                ended.complete(bytes);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof Http2ResetFrame frame) {
                reset.complete(frame.errorCode());
            }
            ReferenceCountUtil.release(event);
        }
    }

    private Channel connect(HttpServer server) throws InterruptedException {
        Http2FrameCodec codec = Http2FrameCodecBuilder.forClient()
                .initialSettings(Http2Settings.defaultSettings().maxHeaderListSize(100_000))
                .encoderIgnoreMaxHeaderListSize(true)
                .build();
        Channel channel = new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(codec)
                                .addLast(new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()))
                                .addLast(new GoAways(goneAway));
                    }
                })
                .connect(server.address())
                .sync()
                .channel();
        Http2Connection connection = codec.connection();
        channel.eventLoop().submit(() -> {
            connection.local().flowController().incrementWindowSize(connection.connectionStream(), 16 << 20);
            channel.flush();
            return true;
        }).sync();
        return channel;
    }

    private static final class GoAways extends ChannelInboundHandlerAdapter {

        private final CompletableFuture<Long> goneAway;

        GoAways(CompletableFuture<Long> goneAway) {
            this.goneAway = goneAway;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof Http2GoAwayFrame frame) {
                goneAway.complete(frame.errorCode());
            }
            ReferenceCountUtil.release(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private static HttpServer start(Counting source) throws Exception {
        return HttpServer.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), Sources.handler(source), LIMITS);
    }
}
