package io.weightspan.server.auth;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.RepoSettings;
import io.weightspan.server.repo.Repositories;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;

/**
 * Lets requests pass or refuses them, as the Hub does: who may not read a private repository is told that it isn't
 * there. Thread-safe.
 */
public final class Guard {

    private final Repositories repositories;
    private final Optional<Tokens> tokens;
    private final Optional<Sessions> sessions;
    private final boolean anonymousRead;

    private Guard(Repositories repositories, Optional<Tokens> tokens, boolean anonymousRead) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.tokens = tokens;
        InstantSource clock = InstantSource.system();
        this.sessions = tokens.map(known -> new Sessions(new HrefSigner(repositories.store(), clock), known, clock));
        this.anonymousRead = anonymousRead;
    }

    /** Returns a guard of a server without tokens: everybody reads what isn't private, and nobody writes. */
    public static Guard readOnly(Repositories repositories) {
        return new Guard(repositories, Optional.empty(), true);
    }

    /**
     * Returns a guard that goes by tokens.
     *
     * @param repositories what is guarded
     * @param tokens who may what
     * @param anonymousRead whether somebody without a token reads what isn't private
     */
    public static Guard of(Repositories repositories, Tokens tokens, boolean anonymousRead) {
        return new Guard(repositories, Optional.of(tokens), anonymousRead);
    }

    /**
     * Returns who asks, by a bearer token, by one in the place of a password, or by a browser's session.
     *
     * @throws HttpException 401 for a token that is none or has expired; 400 for a session's cookie without a host
     * @throws IOException if what sessions are signed with can't be read
     */
    public Caller identify(Request request) throws HttpException, IOException {
        String field = request.header(HttpHeaderNames.AUTHORIZATION);
        if (tokens.isEmpty()) {
            // Without tokens a server can't know one: a client that sends its token of another hub must not be refused.
            return Caller.ANONYMOUS;
        }
        if (field == null) {
            return new Caller(sessions.isEmpty() ? Optional.empty() : sessions.get().token(request));
        }
        String given = given(field);
        return new Caller(Optional.of(tokens.get()
                .find(given)
                .orElseThrow(() -> new HttpException(
                        HttpResponseStatus.UNAUTHORIZED, "Invalid credentials in Authorization header"))));
    }

    /**
     * Returns the name of a request's token; empty where it has none, or one that is none or has expired.
     *
     * @throws IOException if what sessions are signed with can't be read
     */
    public Optional<String> tokenName(Request request) throws IOException {
        try {
            return identify(request).token().map(AccessToken::name);
        } catch (HttpException e) {
            // Whoever answers the request refuses it.
            return Optional.empty();
        }
    }

    /** Returns the sessions of browsers; empty where there are no tokens to sign in with. */
    public Optional<Sessions> sessions() {
        return sessions;
    }

    /** Returns whether somebody sees a repository: that it is there, and what it holds. */
    public boolean sees(Caller caller, RepoId repo) throws IOException {
        if (caller.may(Role.READ, repo)) {
            return true;
        }
        return readsUnrestricted(caller) && !repositories.settings(repo).isPrivate();
    }

    /** Returns whether somebody reads the files of a repository. */
    public boolean reads(Caller caller, RepoId repo) throws IOException {
        return sees(caller, repo)
                && (caller.may(Role.READ, repo) || repositories.settings(repo).gate() == RepoSettings.Gate.OPEN);
    }

    /** Returns whether somebody reads the repositories that are neither private nor gated. */
    public boolean readsUnrestricted(Caller caller) {
        return anonymousRead || caller.token().isPresent();
    }

    /**
     * Lets pass who may see a repository; one that isn't there passes too.
     *
     * @return who it is
     * @throws HttpException 401 for somebody unknown, 404 for somebody known: the repository isn't there for them
     * @throws IOException if the store can't be read
     */
    public Caller requireRead(Request request, RepoId repo) throws HttpException, IOException {
        Caller caller = identify(request);
        if (!sees(caller, repo)) {
            throw hidden(caller, repo);
        }
        return caller;
    }

    /**
     * Lets pass who may read the files of a repository.
     *
     * @return who it is
     * @throws HttpException the same; of a gated repository 401 or 403
     * @throws IOException if the store can't be read
     */
    public Caller requireFiles(Request request, RepoId repo) throws HttpException, IOException {
        Caller caller = requireRead(request, repo);
        if (!reads(caller, repo)) {
            boolean isKnown = caller.token().isPresent();
            throw new HttpException(
                    isKnown ? HttpResponseStatus.FORBIDDEN : HttpResponseStatus.UNAUTHORIZED,
                    "GatedRepo",
                    "access to " + repo + " is restricted; "
                            + (isKnown ? "ask its keeper for a token of that scope" : "log in with a token"));
        }
        return caller;
    }

    /**
     * Lets pass who may change a repository.
     *
     * @return who it is
     * @throws HttpException 401 for somebody unknown, 403 for somebody who may not, 404 where they may not see it
     * @throws IOException if the store can't be read
     */
    public Caller requireWrite(Request request, RepoId repo) throws HttpException, IOException {
        Caller caller = identify(request);
        if (caller.may(Role.WRITE, repo)) {
            return caller;
        }
        if (tokens.isEmpty()) {
            throw new HttpException(
                    HttpResponseStatus.FORBIDDEN, "this server is read only: it was started without tokens");
        }
        if (caller.token().isEmpty()) {
            throw unknown("log in with a token of role write to change " + repo);
        }
        if (repositories.exists(repo) && !sees(caller, repo)) {
            throw hidden(caller, repo);
        }
        throw new HttpException(
                HttpResponseStatus.FORBIDDEN, "token '" + caller.token().get().name() + "' may not change " + repo);
    }

    /** Returns the refusal of somebody who brought no token. */
    public static HttpException unknown(String message) {
        return new HttpException(HttpResponseStatus.UNAUTHORIZED, message)
                .with(HttpHeaderNames.WWW_AUTHENTICATE.toString(), "Bearer realm=\"weightspan\"");
    }

    private static HttpException hidden(Caller caller, RepoId repo) {
        return new HttpException(
                caller.token().isPresent() ? HttpResponseStatus.NOT_FOUND : HttpResponseStatus.UNAUTHORIZED,
                "RepoNotFound",
                "there is no repository " + repo + ", or it isn't yours to see");
    }

    private static String given(String field) throws HttpException {
        String lower = field.toLowerCase(Locale.ROOT);
        if (lower.startsWith("bearer ")) {
            return field.substring(7).trim();
        }
        if (lower.startsWith("basic ")) {
            try {
                String pair = new String(Base64.getDecoder().decode(field.substring(6).trim()), StandardCharsets.UTF_8);
                return pair.substring(pair.indexOf(':') + 1);
            } catch (IllegalArgumentException e) {
                throw new HttpException(
                        HttpResponseStatus.UNAUTHORIZED, "Invalid credentials in Authorization header").because(e);
            }
        }
        throw new HttpException(HttpResponseStatus.UNAUTHORIZED, "Invalid credentials in Authorization header");
    }
}
