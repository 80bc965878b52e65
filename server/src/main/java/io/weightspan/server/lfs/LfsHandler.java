package io.weightspan.server.lfs;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.HrefSigner;
import io.weightspan.server.content.StoredContent;
import io.weightspan.server.http.Body;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Representation;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.hub.HubErrors;
import io.weightspan.server.quota.QuotaExceededException;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.Uploads;
import io.weightspan.server.repo.WrongContentException;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/**
 * Git LFS below {@code /{ns}/{name}.git/info/lfs}: the batch API, basic transfers and their verification.
 *
 * <p>Addresses of objects are signed, since some clients send no token with them. A repository that is pushed to for
 * the first time is made, private. Thread-safe.
 */
public final class LfsHandler implements RequestHandler {

    static final String MEDIA_TYPE = "application/vnd.git-lfs+json";
    private static final String SUFFIX = ".git";
    private static final Pattern SIZE = Pattern.compile("[0-9]{1,18}");

    private final Repositories repositories;
    private final StoredContent content;
    private final Uploads uploads;
    private final Quotas quotas;
    private final SignedHrefs hrefs;
    private final Multipart multipart;
    private final BatchRoute batch;

    /**
     * Creates a handler.
     *
     * @param repositories the repositories that are served
     * @param content opens their files
     * @param quotas how much there may be
     * @param guard who may what
     * @param signer signs addresses
     */
    public LfsHandler(
            Repositories repositories, StoredContent content, Quotas quotas, Guard guard, HrefSigner signer) {
        this(repositories, content, quotas, guard, signer, new Multipart(repositories, signer));
    }

    LfsHandler(
            Repositories repositories,
            StoredContent content,
            Quotas quotas,
            Guard guard,
            HrefSigner signer,
            Multipart multipart) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.content = requireNonNull(content, "content is null");
        this.hrefs = new SignedHrefs(signer);
        this.quotas = requireNonNull(quotas, "quotas is null");
        this.uploads = new Uploads(repositories);
        this.multipart = multipart;
        this.batch = new BatchRoute(repositories, quotas, requireNonNull(guard, "guard is null"), hrefs, multipart);
    }

    @Override
    public Optional<Response> handle(Request request) throws IOException {
        List<String> path = request.target().segments();
        if (!isLfs(path)) {
            return Optional.empty();
        }
        try {
            return Optional.of(answer(request, path));
        } catch (HttpException e) {
            return Optional.of(refusal(e, request));
        }
    }

    @Override
    public boolean takesStream(String method, RequestTarget target) {
        return method.equals("PUT") && isLfs(target.segments());
    }

    /**
     * Returns the name of the token that the signed address of a request was given to; empty for any other request.
     *
     * @throws IOException if the store can't be read or written
     */
    public Optional<String> bearer(Request request) throws IOException {
        return isLfs(request.target().segments()) ? hrefs.bearer(request) : Optional.empty();
    }

    /** Returns whether a path is one of Git LFS. */
    public static boolean isLfs(List<String> path) {
        return path.size() == 6
                && path.get(1).endsWith(SUFFIX)
                && path.subList(2, 5).equals(List.of("info", "lfs", "objects"));
    }

    private Response answer(Request request, List<String> path) throws HttpException, IOException {
        String name = path.get(1);
        RepoId repo = HubErrors.repo(path.get(0), name.substring(0, name.length() - SUFFIX.length()));
        String what = path.get(5);
        if (what.equals("batch") || what.equals("verify")) {
            request.require("POST");
            return what.equals("batch") ? batch.answer(request, repo) : batch.verify(request, repo);
        }
        if (!Digest.isHex(what)) {
            throw new HttpException(HttpResponseStatus.NOT_FOUND, "there is nothing at this path");
        }
        hrefs.require(request);
        return switch (request.method()) {
            case "PUT" -> Multipart.isPart(request.target())
                    ? multipart.part(request, repo, what)
                    : upload(request, repo, what);
            case "POST" -> complete(request, repo, what);
            default -> download(request, repo, what);
        };
    }

    private Response upload(Request request, RepoId repo, String oid) throws HttpException, IOException {
        boolean forGit = request.target().flag("git");
        long bytes = bytes(request.target().parameter("size", ""));
        OptionalLong length = request.body().length();
        if (length.isPresent() && length.getAsLong() != bytes) {
            throw BatchRoute.unprocessable("object " + oid + " has " + bytes + " bytes, not " + length.getAsLong());
        }
        try (StoreSession session = repositories.store().openSession();
                InputStream body = request.body().open()) {
            receive(session, body, repo, new Announced(Digest.of(oid), bytes, forGit));
        }
        return Response.json(HttpResponseStatus.OK, new byte[] {'{', '}'});
    }

    /** Makes an object of its parts, when a client says that it has sent all. */
    private Response complete(Request request, RepoId repo, String oid) throws HttpException, IOException {
        long bytes = bytes(request.target().parameter("size", ""));
        Optional<CommitFile> known = uploads.find(repo, Digest.of(oid));
        // Who has not heard the answer asks again.
        if (known.isEmpty() || known.get().size() != bytes) {
            List<Digest> parts = multipart.parts(repo, oid, bytes, BatchRoute.body(request));
            try (StoreSession session = repositories.store().openSession();
                    InputStream whole = multipart.open(session, parts)) {
                receive(session, whole, repo, new Announced(Digest.of(oid), bytes, false));
            }
        }
        return Response.json(HttpResponseStatus.OK, new byte[] {'{', '}'});
    }

    /** What an object is, as its sender says. */
    private record Announced(Digest sha256, long size, boolean forGit) {}

    private void receive(StoreSession session, InputStream bytes, RepoId repo, Announced object)
            throws HttpException, IOException {
        try {
            quotas.take(repo, object.sha256(), object.size());
            uploads.note(repo, uploads.receive(session, bytes, object.size(), object.sha256()), object.forGit());
        } catch (QuotaExceededException e) {
            throw new HttpException(HttpResponseStatus.INSUFFICIENT_STORAGE, String.valueOf(e.getMessage())).because(e);
        } catch (WrongContentException e) {
            throw BatchRoute.unprocessable(String.valueOf(e.getMessage())).because(e);
        }
    }

    private static long bytes(String size) throws HttpException {
        if (!SIZE.matcher(size).matches()) {
            throw BatchRoute.unprocessable("the size isn't one");
        }
        return Long.parseLong(size);
    }

    private Response download(Request request, RepoId repo, String oid) throws HttpException, IOException {
        request.requireRead();
        CommitFile file = uploads.find(repo, Digest.of(oid)).orElseThrow(
                () -> new HttpException(HttpResponseStatus.NOT_FOUND, "there is no object " + oid));
        List<Map.Entry<String, String>> headers = List.of(
                Map.entry("Content-Type", "application/octet-stream"), Map.entry("X-Content-Type-Options", "nosniff"));
        return new Representation(
                oid, file.size(), headers, (offset, length) -> content.file(file, offset, length)).respond(request);
    }

    /** Git LFS shows people {@code message}, and asks for a password where it is told to. */
    private static Response refusal(HttpException e, Request request) {
        byte[] body = JsonMapper.shared()
                .writeValueAsBytes(Map.of("message", e.message(), "error", e.message(), "request_id", request.id()));
        Response response = Response.of(e.status(), new Body.Bytes(body))
                .with(HttpHeaderNames.CONTENT_TYPE.toString(), MEDIA_TYPE);
        for (Map.Entry<String, String> header : e.headers().entrySet()) {
            if (!header.getKey().equalsIgnoreCase("WWW-Authenticate")) {
                response = response.with(header.getKey(), header.getValue());
            }
        }
        if (e.status().equals(HttpResponseStatus.UNAUTHORIZED)) {
            response = response.with("LFS-Authenticate", "Basic realm=\"weightspan\"")
                    .with("WWW-Authenticate", "Basic realm=\"weightspan\"");
        }
        return response;
    }
}
