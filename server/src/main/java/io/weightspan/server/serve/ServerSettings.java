package io.weightspan.server.serve;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.auth.Guard;
import io.weightspan.server.http.HttpLimits;
import io.weightspan.server.http.Listen;
import io.weightspan.server.limits.RateLimits;
import io.weightspan.server.repo.Repositories;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/**
 * How a store is served. Immutable.
 *
 * @param listen where, with TLS or without
 * @param limits what a client may cost
 * @param cacheBytes bytes of decoded blocks kept in memory, at least 0
 * @param guards makes what says who may what
 * @param encoders how many uploaded weight files are encoded at once, beside the requests; at least 0
 * @param metrics where {@code /metrics} is answered, if anywhere; port 0 has the system choose one
 * @param accessLog whether each request is logged
 * @param auditLog the file that is told of every write, if any
 * @param rateLimits how many requests callers may make
 */
public record ServerSettings(
        Listen listen,
        HttpLimits limits,
        long cacheBytes,
        Function<Repositories, Guard> guards,
        int encoders,
        Optional<InetSocketAddress> metrics,
        boolean accessLog,
        Optional<Path> auditLog,
        RateLimits rateLimits) {

    private static final long CACHE_BYTES = 256L << 20;

    /**
     * Checks the arguments.
     *
     * @throws IllegalArgumentException if a number is negative
     */
    public ServerSettings {
        requireNonNull(listen, "listen is null");
        requireNonNull(limits, "limits is null");
        requireNonNull(guards, "guards is null");
        requireNonNull(metrics, "metrics is null");
        requireNonNull(auditLog, "auditLog is null");
        requireNonNull(rateLimits, "rateLimits is null");
        if (cacheBytes < 0 || encoders < 0) {
            throw new IllegalArgumentException("cacheBytes: " + cacheBytes + ", encoders: " + encoders);
        }
    }

    /** Returns the settings by which everybody reads and nobody writes. */
    public static ServerSettings of(Listen listen) {
        return new ServerSettings(listen, HttpLimits.DEFAULT, CACHE_BYTES, Guard::readOnly, 0, Optional.empty(), false,
                Optional.empty(), RateLimits.NONE);
    }

    /** Returns the same with other limits. */
    public ServerSettings withLimits(HttpLimits other) {
        return new ServerSettings(listen, other, cacheBytes, guards, encoders, metrics, accessLog, auditLog,
                rateLimits);
    }

    /** Returns the same with another cache, at least 0 bytes. */
    public ServerSettings withCacheBytes(long bytes) {
        return new ServerSettings(listen, limits, bytes, guards, encoders, metrics, accessLog, auditLog, rateLimits);
    }

    /** Returns the same for others. */
    public ServerSettings withGuards(Function<Repositories, Guard> others) {
        return new ServerSettings(listen, limits, cacheBytes, others, encoders, metrics, accessLog, auditLog,
                rateLimits);
    }

    /** Returns the same with another number of encoders, at least 0. */
    public ServerSettings withEncoders(int number) {
        return new ServerSettings(listen, limits, cacheBytes, guards, number, metrics, accessLog, auditLog, rateLimits);
    }

    /** Returns the same that answers {@code /metrics} at an address. */
    public ServerSettings withMetrics(InetSocketAddress address) {
        return new ServerSettings(listen, limits, cacheBytes, guards, encoders, Optional.of(address), accessLog,
                auditLog, rateLimits);
    }

    /** Returns the same that logs each request. */
    public ServerSettings withAccessLog() {
        return new ServerSettings(listen, limits, cacheBytes, guards, encoders, metrics, true, auditLog, rateLimits);
    }

    /** Returns the same that tells a file of every write. */
    public ServerSettings withAuditLog(Path file) {
        return new ServerSettings(
                listen, limits, cacheBytes, guards, encoders, metrics, accessLog, Optional.of(file),
                rateLimits);
    }

    /** Returns the same that answers callers no more requests than this. */
    public ServerSettings withRateLimits(RateLimits others) {
        return new ServerSettings(
                listen, limits, cacheBytes, guards, encoders, metrics, accessLog, auditLog, others);
    }
}
