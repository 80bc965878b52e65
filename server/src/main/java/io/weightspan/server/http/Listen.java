package io.weightspan.server.http;

import static java.util.Objects.requireNonNull;

import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where a server listens, whether with TLS, and behind which proxies.
 *
 * @param address where to listen; port 0 has the system choose one
 * @param tls asked for each connection what its handshake is done with; null for connections without TLS
 * @param proxies who is believed about whose requests they pass on
 */
public record Listen(InetSocketAddress address, @Nullable Supplier<SslContext> tls, TrustedProxies proxies) {

    /** Checks the address. */
    public Listen {
        requireNonNull(address, "address is null");
        requireNonNull(proxies, "proxies is null");
    }

    /** Returns where to listen, behind no proxy that is believed. */
    public Listen(InetSocketAddress address, @Nullable Supplier<SslContext> tls) {
        this(address, tls, TrustedProxies.NONE);
    }

    /** Returns the same behind other proxies. */
    public Listen behind(TrustedProxies others) {
        return new Listen(address, tls, others);
    }

    /** Returns where to listen without TLS. */
    public static Listen plain(InetSocketAddress address) {
        return new Listen(address, null);
    }
}
