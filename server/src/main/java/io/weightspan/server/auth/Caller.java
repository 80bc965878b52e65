package io.weightspan.server.auth;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.repo.RepoId;
import java.util.Optional;

/**
 * Who asks.
 *
 * @param token what it brought; empty for somebody unknown
 */
public record Caller(Optional<AccessToken> token) {

    /** Somebody unknown. */
    public static final Caller ANONYMOUS = new Caller(Optional.empty());

    /** Checks the argument. */
    public Caller {
        requireNonNull(token, "token is null");
    }

    /** Returns what its commits name as their author; empty for somebody unknown. */
    public String user() {
        return token.map(AccessToken::user).orElse("");
    }

    /** Returns whether its token gives it a role in a repository. */
    public boolean may(Role role, RepoId repo) {
        return token.filter(known -> known.role() == Role.ADMIN
                || (known.role().includes(role) && known.scopes().stream().anyMatch(scope -> scope.covers(repo))))
                .isPresent();
    }
}
