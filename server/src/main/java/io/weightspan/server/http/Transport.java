package io.weightspan.server.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;

/** How bytes reach the sockets: Linux's epoll where its library loads, Java's own selector elsewhere. */
enum Transport {
    EPOLL,
    NIO;

    /** Set to {@code nio}, this system property keeps the native transport out. */
    static final String PROPERTY = "weightspan.transport";

    private static final long UNSENT_BYTES = 128 << 10;

    /** Returns the transport for this machine. */
    static Transport choose() {
        return !"nio".equals(System.getProperty(PROPERTY)) && Epoll.isAvailable() ? EPOLL : NIO;
    }

    /** Returns a new group of event loops. */
    EventLoopGroup group(int threads) {
        return new MultiThreadIoEventLoopGroup(
                threads, this == EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    /**
     * Has the system ask for more bytes as soon as few are unsent. Else it would buffer megabytes for each connection,
     * and a client that reads slowly but steadily would look like one that reads nothing for a minute.
     */
    void limitUnsent(ServerBootstrap server) {
        if (this == EPOLL) {
            server.childOption(EpollChannelOption.TCP_NOTSENT_LOWAT, UNSENT_BYTES);
        }
    }

    /** Returns the class of the socket that listens. */
    Class<? extends ServerChannel> serverChannel() {
        return this == EPOLL ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }
}
