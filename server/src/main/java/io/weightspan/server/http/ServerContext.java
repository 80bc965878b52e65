package io.weightspan.server.http;

import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/**
 * What the connections of a server share.
 *
 * @param handler answers requests, on the workers and writers
 * @param workers run handlers of requests that read, and read bodies; bounded in threads, and their queue by the limits
 * @param writers run handlers of requests that change something, which may wait for a client's bytes: a thread for each
 * @param limits what a client may cost
 * @param secured whether connections have TLS
 * @param proxies who is believed about whose requests they pass on
 * @param draining tells whether the server is stopping, so that each connection ends with its answer
 * @param listener hears of requests
 */
record ServerContext(RequestHandler handler, Executor workers, Executor writers, HttpLimits limits,
        boolean secured, TrustedProxies proxies, BooleanSupplier draining, RequestListener listener) {}
