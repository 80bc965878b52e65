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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The tokens with which xorbs and shards are sent: each says by itself, signed, to which repository and until when.
 * Thread-safe.
 */
final class XetTokens {

    private static final String SCHEME = "Bearer ";
    private static final int MAX_LENGTH = 512;
    private static final Pattern TOKEN =
            Pattern.compile("([^/\\n]{1,96})/([^/\\n]{1,96})\\nexpires=([0-9]{1,12})&signature=([0-9a-f]{64})");

    private final HrefSigner signer;

    XetTokens(HrefSigner signer) {
        this.signer = requireNonNull(signer, "signer is null");
    }

    /**
     * Makes a token.
     *
     * @throws IOException if the store can't be read or written
     */
    String make(RepoId repo, Instant until) throws IOException {
        String text = repo + "\n" + signer.query(right(repo), until);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }

    /**
     * Returns the repository that a request may write to.
     *
     * @throws HttpException 401 without a token, or with one that is none or has expired; clients get a new one then
     * @throws IOException if the store can't be read
     */
    RepoId require(Request request) throws HttpException, IOException {
        String field = request.header(HttpHeaderNames.AUTHORIZATION);
        RepoId repo = field == null ? null : repo(field);
        if (repo == null) {
            throw new HttpException(
                    HttpResponseStatus.UNAUTHORIZED,
                    "this needs a token of a xet-write-token route that is still good");
        }
        return repo;
    }

    private @Nullable RepoId repo(String field) throws IOException {
        if (!field.regionMatches(true, 0, SCHEME, 0, SCHEME.length()) || field.length() > MAX_LENGTH) {
            return null;
        }
        try {
            byte[] text = Base64.getUrlDecoder().decode(field.substring(SCHEME.length()).strip());
            Matcher token = TOKEN.matcher(new String(text, StandardCharsets.ISO_8859_1));
            if (!token.matches()) {
                return null;
            }
            RepoId repo = new RepoId(token.group(1), token.group(2));
            return signer.allows(right(repo), token.group(3), token.group(4)) ? repo : null;
        } catch (IllegalArgumentException e) {
            // Whoever sends such a token learns no more than that it is none.
            return null;
        }
    }

    private static String right(RepoId repo) {
        return "xet\n" + repo;
    }
}
