package io.weightspan.server.serve;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.audit.AuditLog;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.content.StoredContent;
import io.weightspan.server.encode.Encoder;
import io.weightspan.server.http.AccessLog;
import io.weightspan.server.http.HttpLimits;
import io.weightspan.server.http.HttpServer;
import io.weightspan.server.http.Listen;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.RequestListener;
import io.weightspan.server.metrics.MetricsHandler;
import io.weightspan.server.metrics.ServerMetrics;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.web.WebHandler;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** A server of one store: the Hub's API, the native one, its own health, and pages for people. Thread-safe. */
public final class StoreServer implements Closeable {

    private final HttpServer server;
    private final Optional<HttpServer> measures;
    private final boolean secured;
    private final WarmUp warmUp;
    private final List<Closeable> parts;

    private StoreServer(
            HttpServer server, Optional<HttpServer> measures, boolean secured, WarmUp warmUp, List<Closeable> parts) {
        this.server = server;
        this.measures = measures;
        this.secured = secured;
        this.warmUp = warmUp;
        this.parts = parts;
    }

    /**
     * Serves a store to everybody, for reading.
     *
     * @param store the store, which stays the caller's to close after this
     * @param address where to listen; port 0 has the system choose one
     * @param limits what a client may cost
     * @param cacheBytes bytes of decoded blocks kept in memory, at least 0
     * @return the server, which answers requests
     * @throws IOException if the address can't be listened on
     */
    public static StoreServer start(ObjectStore store, InetSocketAddress address, HttpLimits limits, long cacheBytes)
            throws IOException {
        ServerSettings settings = ServerSettings.of(Listen.plain(address));
        return start(store, settings.withLimits(limits).withCacheBytes(cacheBytes));
    }

    /**
     * Serves a store.
     *
     * @param store the store, which stays the caller's to close after this
     * @param settings where, how and to whom
     * @return the server, which answers requests
     * @throws IOException if the address can't be listened on, or the audit log can't be opened
     */
    public static StoreServer start(ObjectStore store, ServerSettings settings) throws IOException {
        Repositories repositories = new Repositories(requireNonNull(store, "store is null"));
        Guard guard = settings.guards().apply(repositories);
        StoredContent content = new StoredContent(store, settings.cacheBytes());
        AtomicReference<HttpServer> started = new AtomicReference<>();
        RequestHandler service = new ServiceHandler(repositories, () -> {
            HttpServer server = started.get();
            return server != null && server.isAccepting();
        });
        WebHandler web = new WebHandler(
                repositories, request -> new GuardedViewer(guard, guard.identify(request)),
                guard.sessions());
        Optional<AuditLog> audit = settings.auditLog().isEmpty()
                ? Optional.empty()
                : Optional.of(AuditLog.open(settings.auditLog().get()));
        RequestHandler all =
                new HandlerChain(repositories, content, guard).around(service, web, audit, settings.rateLimits());
        Encoder encoder = new Encoder(repositories, settings.encoders());
        WarmUp warmUp = new WarmUp(repositories, content);
        List<Closeable> parts = new ArrayList<>(List.of(warmUp, encoder, web, content));
        audit.ifPresent(parts::add);
        try {
            List<RequestListener> listeners = new ArrayList<>();
            Optional<HttpServer> measures = Optional.empty();
            if (settings.metrics().isPresent()) {
                ServerMetrics metrics = new ServerMetrics(repositories, content, encoder);
                listeners.add(metrics);
                parts.add(metrics);
                measures = Optional.of(HttpServer.start(
                        settings.metrics().get(), new MetricsHandler(metrics), HttpLimits.DEFAULT));
                // Last, so that what the others do while they stop can be measured.
                parts.add(measures.get());
            }
            if (settings.accessLog()) {
                listeners.add(new AccessLog());
            }
            HttpServer server = HttpServer.start(
                    settings.listen(), all, settings.limits(), RequestListener.all(listeners));
            started.set(server);
            parts.add(2, server);
            return new StoreServer(server, measures, settings.listen().tls() != null, warmUp, parts);
        } catch (IOException e) {
            closeAll(parts);
            throw e;
        }
    }

    /** Returns where {@code /metrics} is answered; empty where nowhere. */
    public Optional<InetSocketAddress> metricsAddress() {
        return measures.map(HttpServer::address);
    }

    /** Returns where the server listens, as a client would write it: {@code http://host:port}, or https. */
    public String url() {
        InetSocketAddress address = server.address();
        InetAddress host = address.getAddress();
        String name = host.getHostAddress();
        String scheme = secured ? "https://" : "http://";
        return scheme + (name.indexOf(':') >= 0 ? "[" + name + "]" : name) + ":" + address.getPort();
    }

    /** Decodes a little of the store in the background, so that the first client doesn't wait for Java's compilers. */
    public void warmUp() {
        warmUp.start();
    }

    /** Has {@code /readyz} say no from now on, so that no further clients are sent here before this is closed. */
    public void announceStop() {
        server.announceStop();
    }

    /**
     * Stops the server; answers under way are finished first, within the limits.
     *
     * @throws IOException if an open file can't be closed
     */
    @Override
    public void close() throws IOException {
        closeAll(parts);
    }

    private static void closeAll(List<Closeable> parts) throws IOException {
        for (Closeable part : parts) {
            part.close();
        }
    }
}
