package io.weightspan.server.http;

import static java.util.Objects.requireNonNull;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A listening server of HTTP/1.1 and HTTP/2, with TLS or without. Thread-safe. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails also ends the connection, which is listened for
public final class HttpServer implements Closeable {

    private static final int BACKLOG = 1024;
    private static final long POLL_MILLIS = 20;

    private final ChannelGroup connections = new DefaultChannelGroup("connections", GlobalEventExecutor.INSTANCE);
    private final EventLoopGroup loops;
    private final ExecutorService workers;
    private final ExecutorService writers = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("weightspan-writer-", 0).factory());
    private final HttpLimits limits;
    private final ServerContext shared;
    private final Channel listener;
    private volatile boolean draining;
    private volatile boolean announced;

    private HttpServer(Listen listen, RequestHandler handler, HttpLimits limits, RequestListener heard, int threads)
            throws IOException {
        this.limits = limits;
        InetSocketAddress address = listen.address();
        @Nullable
        Supplier<SslContext> tls = listen.tls();
        Transport transport = Transport.choose();
        this.loops = transport.group(Math.max(1, threads / 2));
        // Each stream has at most as many tasks queued as pieces of a body are read at once.
        this.workers = Executors.newFixedThreadPool(threads, new DefaultThreadFactory("weightspan-worker", true));
        this.shared = new ServerContext(
                handler, workers, writers, limits, tls != null, listen.proxies(), () -> draining, heard);
        ConnectionGate gate = new ConnectionGate(connections, limits.maxConnections(), tls != null);
        ServerBootstrap bootstrap = new ServerBootstrap();
        transport.limitUnsent(bootstrap);
        ChannelFuture bound = bootstrap
                .group(loops)
                .channel(transport.serverChannel())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(limits.highWaterMark() / 2, limits.highWaterMark()))
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(gate);
                        if (tls == null) {
                            Protocols.addPlain(channel, shared);
                        } else {
                            Protocols.addSecured(channel, tls.get(), shared);
                        }
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            shutDown();
            throw new IOException("can't listen on " + address, bound.cause());
        }
        this.listener = bound.channel();
    }

    /**
     * Starts a server.
     *
     * @param address where to listen; port 0 has the system choose one
     * @param handler answers the requests, on worker threads
     * @param limits what a client may cost
     * @return the server, which accepts connections
     * @throws IOException if the address can't be listened on
     */
    public static HttpServer start(InetSocketAddress address, RequestHandler handler, HttpLimits limits)
            throws IOException {
        return start(Listen.plain(address), handler, limits);
    }

    /**
     * Starts a server, with TLS or without.
     *
     * @param listen where to listen and how; port 0 has the system choose one
     * @param handler answers the requests, on worker threads
     * @param limits what a client may cost
     * @return the server, which accepts connections
     * @throws IOException if the address can't be listened on
     */
    public static HttpServer start(Listen listen, RequestHandler handler, HttpLimits limits) throws IOException {
        return start(listen, handler, limits, RequestListener.NONE);
    }

    /**
     * Starts a server that tells of its requests.
     *
     * @param listen where to listen and how; port 0 has the system choose one
     * @param handler answers the requests, on worker threads
     * @param limits what a client may cost
     * @param listener hears of the requests
     * @return the server, which accepts connections
     * @throws IOException if the address can't be listened on
     */
    public static HttpServer start(Listen listen, RequestHandler handler, HttpLimits limits, RequestListener listener)
            throws IOException {
        int threads = Math.max(4, Runtime.getRuntime().availableProcessors());
        return new HttpServer(
                requireNonNull(listen, "listen is null"),
                requireNonNull(handler, "handler is null"),
                requireNonNull(limits, "limits is null"),
                requireNonNull(listener, "listener is null"),
                threads);
    }

    /** Returns the address that the server listens on, with the port that was chosen. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** Returns whether the server takes new requests and will for a while. */
    public boolean isAccepting() {
        return !announced && !draining && listener.isActive();
    }

    /** Has {@link #isAccepting} say no from now on, though requests are still answered until this is closed. */
    public void announceStop() {
        announced = true;
    }

    /**
     * Stops the server: no further connection is accepted, answers that are being sent go on for the time that the
     * limits allow, idle connections end at once, and clients of HTTP/2 are told which of their streams is the last.
     * Returns when all is freed; a second call does nothing more.
     */
    @Override
    public void close() {
        draining = true;
        listener.close().awaitUninterruptibly();
        long deadline = System.nanoTime() + limits.shutdownGrace().toNanos();
        try {
            while (closeIdle() > 0 && System.nanoTime() < deadline) {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
        } catch (InterruptedException e) {
            // Told to hurry: what still runs ends now.
            Thread.currentThread().interrupt();
        }
        // From the first handler on, since that of HTTP/2 would go on waiting for streams.
        for (Channel connection : connections) {
            ChannelHandlerContext first = connection.pipeline().firstContext();
            if (first != null) {
                first.close().awaitUninterruptibly();
            }
        }
        shutDown();
    }

    /** Ends connections without an answer under way and returns how many have one. */
    private int closeIdle() {
        int busy = 0;
        for (Channel connection : connections) {
            ChannelHandlerContext streams = connection.pipeline().context(Http2Streams.class);
            if (streams != null) {
                ((Http2Streams) streams.handler()).drain(streams);
                busy++;
                continue;
            }
            Exchange exchange = connection.pipeline().get(Exchange.class);
            if (exchange != null && exchange.isBusy()) {
                busy++;
            } else {
                connection.close();
            }
        }
        return busy;
    }

    private void shutDown() {
        workers.shutdown();
        writers.shutdown();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
