package io.weightspan.server.limits;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.function.LongSupplier;

/**
 * A token bucket for each caller: full at first, filled evenly, emptied by one with each request. It knows the callers
 * of the last period, and of those the 100,000 that came last. Thread-safe.
 */
final class RateLimiter {

    private static final long MOST_CALLERS = 100_000;
    private static final double NANOS = 1e9;

    private final RateLimit limit;
    private final LongSupplier clock;
    private final Cache<String, Bucket> buckets;

    /**
     * Limits callers.
     *
     * @param limit what each may do
     * @param clock nanoseconds from any moment on, as {@link System#nanoTime} gives them
     */
    RateLimiter(RateLimit limit, LongSupplier clock) {
        this.limit = requireNonNull(limit, "limit is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.buckets = Caffeine.newBuilder()
                .maximumSize(MOST_CALLERS)
                .expireAfterAccess(limit.period())
                .build();
    }

    /** Returns the limit. */
    RateLimit limit() {
        return limit;
    }

    /**
     * Counts a request.
     *
     * @return 0 where it may be made; else the seconds until one may be, at least 1
     */
    long secondsToWait(String caller) {
        return buckets.get(caller, key -> new Bucket(limit.requests(), clock.getAsLong())).take();
    }

    /** What a caller has left. */
    private final class Bucket {

        private double left;
        private long filled;

        Bucket(double left, long filled) {
            this.left = left;
            this.filled = filled;
        }

        synchronized long take() {
            double each = limit.period().toNanos() / (double) limit.requests();
            long now = clock.getAsLong();
            left = Math.min(limit.requests(), left + (now - filled) / each);
            filled = now;
            if (left >= 1) {
                left--;
                return 0;
            }
            return Math.max(1, (long) Math.ceil((1 - left) * each / NANOS));
        }
    }
}
