package io.weightspan.server.auth;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A token as a server knows it: everything but the token itself.
 *
 * @param name what its keeper calls it, unique in a file
 * @param user who bears it: the author of what it commits
 * @param role what it allows
 * @param scopes where it does
 * @param sha256 the SHA-256 of the token's characters; as a token is 200 random bits, no slower hash is needed
 * @param created when it was made
 * @param expires from when on it is worth nothing; empty for never
 */
public record AccessToken(
        String name,
        String user,
        Role role,
        List<Scope> scopes,
        Digest sha256,
        Instant created,
        Optional<Instant> expires) {

    /** Copies the scopes. */
    public AccessToken {
        requireNonNull(name, "name is null");
        requireNonNull(user, "user is null");
        requireNonNull(role, "role is null");
        requireNonNull(sha256, "sha256 is null");
        requireNonNull(created, "created is null");
        requireNonNull(expires, "expires is null");
        scopes = List.copyOf(scopes);
    }

    /** Returns whether it is worth nothing any more. */
    public boolean isExpired(Instant now) {
        return expires.isPresent() && !now.isBefore(expires.get());
    }
}
