package io.weightspan.server.limits;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.lfs.LfsHandler;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Refuses the requests of those who make too many with 429, as the Hub does: its clients wait for as long as {@code
 * RateLimit} and {@code Retry-After} say and try again. Thread-safe.
 */
public final class LimitedHandler implements RequestHandler {

    private static final Set<String> HEALTH = Set.of("healthz", "readyz");

    /** Whoever has an IPv6 address has all that begin with the same bytes. */
    private static final int IPV6_NETWORK_BYTES = 8;

    private final RequestHandler handler;
    private final Guard guard;
    private final Optional<RateLimiter> tokens;
    private final Optional<RateLimiter> addresses;

    /**
     * Limits the requests to a handler.
     *
     * @param handler answers those that may be made
     * @param guard says whose they are
     * @param limits how many there may be
     */
    public LimitedHandler(RequestHandler handler, Guard guard, RateLimits limits) {
        this(handler, guard, limits, System::nanoTime);
    }

    LimitedHandler(RequestHandler handler, Guard guard, RateLimits limits, LongSupplier clock) {
        this.handler = requireNonNull(handler, "handler is null");
        this.guard = requireNonNull(guard, "guard is null");
        this.tokens = limits.token().map(limit -> new RateLimiter(limit, clock));
        this.addresses = limits.address().map(limit -> new RateLimiter(limit, clock));
    }

    @Override
    public Optional<Response> handle(Request request) throws HttpException, IOException {
        if (!isExempt(request.target().segments())) {
            // With a token that is none it counts by address: trying them is limited, too.
            Optional<String> token = guard.tokenName(request);
            Optional<RateLimiter> limiter = token.isPresent() ? tokens : addresses;
            if (limiter.isPresent()) {
                require(limiter.get(), token.orElseGet(() -> network(request.remote())));
            }
        }
        return handler.handle(request);
    }

    @Override
    public boolean takesStream(String method, RequestTarget target) {
        return handler.takesStream(method, target);
    }

    /**
     * What asks for health, and what comes with a signature in the place of a token: bytes of files by Git LFS and Xet,
     * for which somebody has asked with a token, and which are refused at once without that.
     */
    private static boolean isExempt(List<String> path) {
        return path.size() == 1 && HEALTH.contains(path.getFirst())
                || LfsHandler.isLfs(path) && Digest.isHex(path.getLast())
                || path.size() > 5 && path.subList(0, 2).equals(List.of("api", "xet"));
    }

    private static void require(RateLimiter limiter, String caller) throws HttpException {
        long seconds = limiter.secondsToWait(caller);
        if (seconds > 0) {
            RateLimit limit = limiter.limit();
            throw new HttpException(
                    HttpResponseStatus.TOO_MANY_REQUESTS,
                    "more than " + limit.requests() + " requests in " + limit.period().toSeconds()
                            + " seconds; try again in " + seconds)
                    .with("Retry-After", Long.toString(seconds))
                    // In this order, or the Hub's clients don't understand it.
                    .with("RateLimit", "\"api\";r=0;t=" + seconds)
                    .with("RateLimit-Policy",
                            "\"api\";q=" + limit.requests() + ";w=" + limit.period().toSeconds());
        }
    }

    /** What stands for an address; all that are unknown count as one. */
    static String network(@Nullable InetAddress address) {
        if (address == null) {
            return "";
        }
        byte[] bytes = address.getAddress();
        return HexFormat.of().formatHex(
                address instanceof Inet6Address ? Arrays.copyOf(bytes, IPV6_NETWORK_BYTES) : bytes);
    }
}
