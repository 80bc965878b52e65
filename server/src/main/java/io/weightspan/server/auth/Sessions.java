package io.weightspan.server.auth;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.cookie.Cookie;
import io.netty.handler.codec.http.cookie.CookieHeaderNames;
import io.netty.handler.codec.http.cookie.DefaultCookie;
import io.netty.handler.codec.http.cookie.ServerCookieDecoder;
import io.netty.handler.codec.http.cookie.ServerCookieEncoder;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sessions of people with browsers. A cookie holds the name of a token, signed with what is known of the token, so it
 * ends with that and gives nobody the token itself. A session only reads pages and files, whatever its token may do: a
 * request that another site has a browser send can't change anything. Thread-safe.
 */
public final class Sessions {

    /** A browser doesn't let other sites or hosts set a cookie of such a name, and insists on https for it. */
    private static final String SECURE_NAME = "__Host-weightspan";

    private static final String NAME = "weightspan";
    private static final Duration LONGEST = Duration.ofHours(12);
    private static final String GIT = ".git";
    private static final Pattern VALUE =
            Pattern.compile("([A-Za-z0-9._@-]{1,96})\\.([0-9]{1,12})\\.([0-9a-f]{64})");

    private final HrefSigner signer;
    private final Tokens tokens;
    private final InstantSource clock;

    /**
     * Creates the sessions of tokens.
     *
     * @param signer signs cookies; every server of a store knows those of the others
     * @param tokens what people sign in with
     * @param clock tells how long a session goes on
     */
    Sessions(HrefSigner signer, Tokens tokens, InstantSource clock) {
        this.signer = requireNonNull(signer, "signer is null");
        this.tokens = requireNonNull(tokens, "tokens is null");
        this.clock = requireNonNull(clock, "clock is null");
    }

    /**
     * Begins a session.
     *
     * @param token the token's characters, as somebody typed them
     * @param secured whether the browser came by https
     * @return the value of {@code Set-Cookie}; empty where that is no token, or one that has expired
     * @throws IOException if the store can't be read or written
     */
    public Optional<String> begin(String token, boolean secured) throws IOException {
        Optional<AccessToken> found = tokens.find(token);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        Instant now = clock.instant();
        Instant longest = now.plus(LONGEST);
        Instant until = found.get().expires().filter(longest::isAfter).orElse(longest);
        HrefSigner.Signature signature = signer.sign(right(found.get()), until);
        String value = String.join(".", found.get().name(), Long.toString(signature.expires()), signature.hex());
        return Optional.of(cookie(value, Duration.between(now, until).toSeconds(), secured));
    }

    /** Returns the value of {@code Set-Cookie} that ends a session in the browser. */
    public static String end(boolean secured) {
        return cookie("", 0, secured);
    }

    /** Returns whether a request came by https, as far as this server or a proxy says. */
    public static boolean isSecured(Request request) throws HttpException {
        return request.baseUrl().startsWith("https://");
    }

    /**
     * Returns the token behind the session of a request that reads, without what it may do but read.
     *
     * @return the token; empty where there is no session, it has ended, or the request may change something or is for
     *     an API, whose clients send tokens
     * @throws HttpException 400 where the request has a cookie of ours and names no usable host
     * @throws IOException if the store can't be read or written
     */
    Optional<AccessToken> token(Request request) throws HttpException, IOException {
        if (!request.isRead() || isOfApi(request.target().segments())) {
            return Optional.empty();
        }
        for (String field : request.headers().getAll(HttpHeaderNames.COOKIE)) {
            for (Cookie cookie : decoded(field)) {
                // By https a cookie of the other name may be one that somebody else has set.
                boolean isOurs = cookie.name().equals(isSecured(request) ? SECURE_NAME : NAME);
                Optional<AccessToken> token = isOurs ? token(cookie.value()) : Optional.empty();
                if (token.isPresent()) {
                    return token;
                }
            }
        }
        return Optional.empty();
    }

    private static boolean isOfApi(List<String> path) {
        return !path.isEmpty() && path.getFirst().equals("api") || path.size() > 1 && path.get(1).endsWith(GIT);
    }

    private static List<Cookie> decoded(String field) {
        return ServerCookieDecoder.STRICT.decodeAll(field).stream()
                .filter(cookie -> cookie.name().equals(SECURE_NAME) || cookie.name().equals(NAME))
                .toList();
    }

    private Optional<AccessToken> token(String cookie) throws IOException {
        Matcher value = VALUE.matcher(cookie);
        if (!value.matches()) {
            return Optional.empty();
        }
        Optional<AccessToken> named = tokens.named(value.group(1));
        boolean isSigned =
                named.isPresent() && signer.allows(right(named.get()), value.group(2), value.group(3));
        return isSigned ? named.map(Sessions::reading) : Optional.empty();
    }

    private static AccessToken reading(AccessToken token) {
        List<Scope> scopes = token.role() == Role.ADMIN ? List.of(Scope.ALL) : token.scopes();
        return new AccessToken(
                token.name(), token.user(), Role.READ, scopes, token.sha256(), token.created(), token.expires());
    }

    /** Another token of the same name is not signed by this. */
    private static String right(AccessToken token) {
        return String.join("\n", "session", token.name(), token.sha256().hex());
    }

    private static String cookie(String value, long seconds, boolean secured) {
        DefaultCookie cookie = new DefaultCookie(secured ? SECURE_NAME : NAME, value);
        cookie.setHttpOnly(true);
        cookie.setSecure(secured);
        cookie.setPath("/");
        cookie.setMaxAge(seconds);
        cookie.setSameSite(CookieHeaderNames.SameSite.Lax);
        return ServerCookieEncoder.STRICT.encode(cookie);
    }
}
