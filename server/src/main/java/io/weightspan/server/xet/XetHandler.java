package io.weightspan.server.xet;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.Caller;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.HrefSigner;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.hub.HubErrors;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * The half of Xet by which files are sent: the route that gives a token for it, below
 * {@code /api/models/{ns}/{name}/xet-write-token}, and the content-addressed store below
 * {@code /api/xet/{ns}/{name}/{generation}}, which knows of nothing that was sent before. Files are read by plain HTTP.
 * Thread-safe.
 */
public final class XetHandler implements RequestHandler {

    /** As on the Hub; clients ask for a new token in time. */
    private static final Duration LIFETIME = Duration.ofHours(1);

    private static final String STORE = "api/xet";

    /** The segments of {@link #STORE}, a namespace, a name and a generation. */
    private static final int PREFIX = 5;

    private final Repositories repositories;
    private final Guard guard;
    private final InstantSource clock;
    private final XetTokens tokens;
    private final XetUploads uploads;

    /**
     * Creates a handler.
     *
     * @param repositories the repositories that are written
     * @param quotas how much there may be
     * @param guard who may what
     * @param signer signs tokens
     * @param clock tells until when a token is good
     */
    public XetHandler(
            Repositories repositories, Quotas quotas, Guard guard, HrefSigner signer, InstantSource clock) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.guard = requireNonNull(guard, "guard is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.tokens = new XetTokens(signer);
        this.uploads = new XetUploads(repositories, quotas);
    }

    @Override
    public Optional<Response> handle(Request request) throws HttpException, IOException {
        List<String> path = request.target().segments();
        if (isTokenRoute(path)) {
            RepoId repo = HubErrors.repo(path.get(2), path.get(3));
            return Optional.of(token(request, repo, String.join("/", path.subList(5, path.size()))));
        }
        if (!isStore(path)) {
            return Optional.empty();
        }
        RepoId repo = HubErrors.repo(path.get(2), path.get(3));
        tokens.require(request, repo);
        return Optional.of(HubErrors.translate(() -> {
            try (InputStream body = request.body().open()) {
                return answer(request, repo, path.subList(PREFIX, path.size()), body);
            } catch (XetFormatException e) {
                throw bad(String.valueOf(e.getMessage())).because(e);
            }
        }));
    }

    /** Also what is sent to a later version: clients must be told that it isn't here, not that it is too large. */
    @Override
    public boolean takesStream(String method, RequestTarget target) {
        return method.equals("POST") && isStore(target.segments());
    }

    /**
     * Returns the name of the token that stands behind what a request sends; empty for any other request.
     *
     * @throws IOException if the store can't be read
     */
    public Optional<String> bearer(Request request) throws IOException {
        List<String> path = request.target().segments();
        if (!isStore(path)) {
            return Optional.empty();
        }
        try {
            return tokens.bearer(request, HubErrors.repo(path.get(2), path.get(3)));
        } catch (HttpException e) {
            // Of a repository that can't be; whoever answers the request says so.
            return Optional.empty();
        }
    }

    private Response token(Request request, RepoId repo, String revision) throws HttpException, IOException {
        request.requireRead();
        Caller caller = guard.requireWrite(request, repo);
        HubErrors.translate(() -> repositories.resolve(repo, revision));
        var until = clock.instant().plus(LIFETIME);
        return json(Map.of(
                "casUrl", String.join("/", request.baseUrl(), STORE, repo.toString(), uploads.generation(repo)),
                "exp", until.getEpochSecond(),
                "accessToken", tokens.make(repo, caller.token().map(AccessToken::name).orElse(""), until)));
    }

    private Response answer(Request request, RepoId repo, List<String> path, InputStream body)
            throws HttpException, IOException {
        if (isXorb(path)) {
            request.require("POST");
            if (!Digest.isHex(path.getLast())) {
                throw bad("'" + path.getLast() + "' is no hash of a xorb");
            }
            return json(Map.of("was_inserted", uploads.keep(repo, Digest.of(path.getLast()), body)));
        }
        if (path.equals(List.of("v1", "shards"))) {
            request.require("POST");
            uploads.assemble(repo, body);
            return json(Map.of("result", 1));
        }
        // Chunks that somebody sent before among others: whoever asks is told there are none, and sends all.
        throw new HttpException(HttpResponseStatus.NOT_FOUND, "there is nothing at this path");
    }

    private static boolean isTokenRoute(List<String> path) {
        return path.size() >= 6
                && path.subList(0, 2).equals(List.of("api", "models"))
                && path.get(4).equals("xet-write-token");
    }

    private static boolean isStore(List<String> path) {
        return path.size() > PREFIX && String.join("/", path.subList(0, 2)).equals(STORE);
    }

    private static boolean isXorb(List<String> path) {
        return path.size() == 4 && path.subList(0, 3).equals(List.of("v1", "xorbs", "default"));
    }

    private static HttpException bad(String message) {
        return new HttpException(HttpResponseStatus.BAD_REQUEST, message);
    }

    private static Response json(Map<String, ?> content) {
        return Response.json(HttpResponseStatus.OK, JsonMapper.shared().writeValueAsBytes(content));
    }
}
