package io.weightspan.server.http;

import static java.util.Objects.requireNonNull;

import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where a server listens, and whether with TLS.
 *
 * @param address where to listen; port 0 has the system choose one
 * @param tls asked for each connection what its handshake is done with; null for connections without TLS
 */
public record Listen(InetSocketAddress address, @Nullable Supplier<SslContext> tls) {

    /** Checks the address. */
    public Listen {
        requireNonNull(address, "address is null");
    }

    /** Returns where to listen without TLS. */
    public static Listen plain(InetSocketAddress address) {
        return new Listen(address, null);
    }
}
