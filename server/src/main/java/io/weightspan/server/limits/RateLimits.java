package io.weightspan.server.limits;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * How many requests callers may make.
 *
 * @param token each token; empty for any number
 * @param address each address without a token, or with one that is none; empty for any number
 */
public record RateLimits(Optional<RateLimit> token, Optional<RateLimit> address) {

    /** Any number. */
    public static final RateLimits NONE = new RateLimits(Optional.empty(), Optional.empty());

    /** Checks the arguments. */
    public RateLimits {
        requireNonNull(token, "token is null");
        requireNonNull(address, "address is null");
    }
}
