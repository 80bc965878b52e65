package io.weightspan.server.serve;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.Caller;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.web.Visibility;
import java.io.IOException;
import java.util.Optional;

/**
 * A visitor of the pages, who sees what the guard lets them.
 *
 * @param guard who may what
 * @param caller who it is
 */
record GuardedViewer(Guard guard, Caller caller) implements Visibility.Viewer {

    GuardedViewer {
        requireNonNull(guard, "guard is null");
        requireNonNull(caller, "caller is null");
    }

    @Override
    public boolean sees(RepoId repo) throws IOException {
        return guard.sees(caller, repo);
    }

    @Override
    public boolean reads(RepoId repo) throws IOException {
        return guard.reads(caller, repo);
    }

    @Override
    public boolean isOpenToAll(RepoId repo) throws IOException {
        return guard.reads(Caller.ANONYMOUS, repo);
    }

    @Override
    public Optional<String> name() {
        return caller.token().map(AccessToken::user);
    }

    @Override
    public boolean maySignIn() {
        return guard.sessions().isPresent();
    }
}
