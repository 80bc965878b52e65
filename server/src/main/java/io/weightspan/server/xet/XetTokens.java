package io.weightspan.server.xet;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.auth.HrefSigner;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.repo.RepoId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tokens with which xorbs and shards are sent: each says, signed, until when it is good, for one
 * repository.
 * Thread-safe.
 */
final class XetTokens {

    private static final String SCHEME = "Bearer ";
    private static final int MAX_LENGTH = 512;
    private static final Pattern TOKEN = Pattern.compile("by=([^&\n]*)&expires=([0-9]{1,12})&signature=([0-9a-f]{64})");

    private final HrefSigner signer;

    XetTokens(HrefSigner signer) {
        this.signer = requireNonNull(signer, "signer is null");
    }

    /**
     * Makes a token.
     *
     * @param bearer the name of the token that it stands for
     * @throws IOException if the store can't be read or written
     */
    String make(RepoId repo, String bearer, Instant until) throws IOException {
        String text = "by=" + bearer + "&" + signer.sign(right(repo, bearer), until).query();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Lets pass who may send to a repository.
     *
     * @throws HttpException 401 without a token, or with one that is none, has expired or is of another repository;
     *     clients get a new one then
     * @throws IOException if the store can't be read
     */
    void require(Request request, RepoId repo) throws HttpException, IOException {
        if (bearer(request, repo).isEmpty()) {
            throw new HttpException(
                    HttpResponseStatus.UNAUTHORIZED,
                    "this needs a token of a xet-write-token route that is still good");
        }
    }

    /**
     * Returns the name of the token that a request's token for a repository stands for; empty where it has none that is
     * good.
     *
     * @throws IOException if the store can't be read
     */
    Optional<String> bearer(Request request, RepoId repo) throws IOException {
        String field = request.header(HttpHeaderNames.AUTHORIZATION);
        if (field == null || !field.regionMatches(true, 0, SCHEME, 0, SCHEME.length()) || field.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        byte[] text;
        try {
            text = Base64.getUrlDecoder().decode(field.substring(SCHEME.length()).strip());
        } catch (IllegalArgumentException e) {
            // Whoever sends such a token learns no more than that it is none.
            return Optional.empty();
        }
        Matcher token = TOKEN.matcher(new String(text, StandardCharsets.UTF_8));
        boolean isGood =
                token.matches() && signer.allows(right(repo, token.group(1)), token.group(2), token.group(3));
        return isGood ? Optional.of(token.group(1)) : Optional.empty();
    }

    private static String right(RepoId repo, String bearer) {
        return "xet\n" + repo + "\n" + bearer;
    }
}
