package io.weightspan.server.lfs;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.Caller;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.http.Body;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.Response;
import io.weightspan.server.hub.HubErrors;
import io.weightspan.server.quota.QuotaExceededException;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.ExistsException;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.RepoSettings;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.RepositoryEditor;
import io.weightspan.server.repo.Uploads;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The batch API: where each object is sent to or fetched from. */
final class BatchRoute {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration VALID = Duration.ofHours(6);
    private static final int MAX_OBJECTS = 5000;
    private static final int MAX_ADDRESSES = 10_000;
    private static final String MULTIPART = "multipart";

    private final Repositories repositories;
    private final RepositoryEditor editor;
    private final Uploads uploads;
    private final Quotas quotas;
    private final Guard guard;
    private final SignedHrefs hrefs;
    private final Multipart multipart;

    BatchRoute(Repositories repositories, Quotas quotas, Guard guard, SignedHrefs hrefs, Multipart multipart) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.editor = new RepositoryEditor(repositories);
        this.uploads = new Uploads(repositories);
        this.quotas = requireNonNull(quotas, "quotas is null");
        this.guard = requireNonNull(guard, "guard is null");
        this.hrefs = requireNonNull(hrefs, "hrefs is null");
        this.multipart = requireNonNull(multipart, "multipart is null");
    }

    /**
     * Answers a batch.
     *
     * @throws HttpException 401, 403 or 404 as the guard says, 422 for a body that isn't a batch
     * @throws IOException if the store can't be read or written
     */
    Response answer(Request request, RepoId repo) throws HttpException, IOException {
        JsonNode json = body(request);
        boolean isUpload = switch (json.path("operation").asString("")) {
            case "upload" -> true;
            case "download" -> false;
            default -> throw unprocessable("'operation' must be upload or download");
        };
        if (!json.path("hash_algo").asString("sha256").equals("sha256")) {
            throw unprocessable("objects are named by their SHA-256 here");
        }
        JsonNode objects = json.path("objects");
        if (!objects.isArray() || objects.size() > MAX_OBJECTS) {
            throw unprocessable("'objects' must be a list of at most " + MAX_OBJECTS);
        }
        boolean forGit = isGit(request);
        Caller caller;
        if (isUpload) {
            caller = guard.requireWrite(request, repo);
            prepare(repo, caller, forGit);
        } else {
            caller = guard.requireFiles(request, repo);
            requireThere(repo);
        }
        boolean inParts = isUpload && takesParts(json);
        ObjectNode answer = JSON.createObjectNode()
                .put("transfer", inParts ? MULTIPART : "basic")
                .put("hash_algo", "sha256");
        String bearer = caller.token().map(AccessToken::name).orElse("");
        Asker asker = new Asker(request, repo, bearer, forGit, inParts);
        ArrayNode list = answer.putArray("objects");
        for (JsonNode object : objects) {
            String oid = object.path("oid").asString("");
            long size = size(object);
            ObjectNode node = list.addObject().put("oid", oid).put("size", size);
            if (!Digest.isHex(oid) || size < 0) {
                error(node, HttpResponseStatus.UNPROCESSABLE_ENTITY, "the oid or the size isn't one");
            } else if (isUpload) {
                upload(asker, node, oid, size);
            } else {
                download(asker, node, oid);
            }
        }
        return json(answer);
    }

    /**
     * Tells whether an object has arrived.
     *
     * @throws HttpException 401, 403 or 404 as the guard says, 404 where it has not, 422 where it has another size
     * @throws IOException if the store can't be read
     */
    Response verify(Request request, RepoId repo) throws HttpException, IOException {
        guard.requireWrite(request, repo);
        JsonNode json = body(request);
        String oid = json.path("oid").asString("");
        if (!Digest.isHex(oid)) {
            throw unprocessable("the oid isn't a SHA-256");
        }
        Optional<CommitFile> found = uploads.find(repo, Digest.of(oid));
        if (found.isEmpty()) {
            throw new HttpException(HttpResponseStatus.NOT_FOUND, "object " + oid + " has not arrived");
        }
        if (found.get().size() != json.path("size").asLong(-1)) {
            throw unprocessable("object " + oid + " has " + found.get().size() + " bytes");
        }
        return json(JSON.createObjectNode());
    }

    /** A repository that git pushes to need not have been made here; nobody but its pusher is to see it at first. */
    private void prepare(RepoId repo, Caller caller, boolean forGit) throws HttpException, IOException {
        if (forGit && !repositories.exists(repo)) {
            try {
                editor.create(repo, RepoSettings.DEFAULT.withPrivate(true), caller.user());
            } catch (ExistsException e) {
                return; // another push was faster
            }
        }
        requireThere(repo);
    }

    private void requireThere(RepoId repo) throws HttpException, IOException {
        if (!repositories.exists(repo)) {
            throw HubErrors.noRepo(repo.toString());
        }
    }

    /**
     * Who is told where objects are, or are to be sent.
     *
     * @param bearer the name of the token; empty without one
     * @param inParts whether large ones may be sent in parts
     */
    private record Asker(Request request, RepoId repo, String bearer, boolean forGit, boolean inParts) {}

    private static long size(JsonNode object) {
        return object.path("size").isIntegralNumber() ? object.path("size").asLong(-1) : -1;
    }

    /** Returns whether a client sends large objects in parts, and they are few enough for an address each. */
    private boolean takesParts(JsonNode batch) {
        boolean isOffered = false;
        for (JsonNode transfer : batch.path("transfers")) {
            isOffered |= transfer.asString("").equals(MULTIPART);
        }
        long parts = 0;
        boolean isLarge = false;
        for (JsonNode object : batch.path("objects")) {
            long size = Math.max(0, size(object));
            parts += multipart.count(size);
            isLarge |= multipart.isLarge(size);
        }
        return isOffered && isLarge && parts <= MAX_ADDRESSES;
    }

    private void upload(Asker asker, ObjectNode node, String oid, long size) throws HttpException, IOException {
        Request request = asker.request();
        RepoId repo = asker.repo();
        boolean forGit = asker.forGit();
        Optional<CommitFile> known = uploads.find(repo, Digest.of(oid));
        if (known.isPresent() && known.get().size() != size) {
            error(node, HttpResponseStatus.UNPROCESSABLE_ENTITY,
                    "the object has " + known.get().size() + " bytes");
            return;
        }
        if (known.isPresent() && (!forGit || uploads.isKeptForGit(repo, Digest.of(oid)))) {
            return; // no action: it is there
        }
        try {
            quotas.take(repo, Digest.of(oid), size);
        } catch (QuotaExceededException e) {
            error(node, HttpResponseStatus.INSUFFICIENT_STORAGE, String.valueOf(e.getMessage()));
            return;
        }
        ObjectNode actions = node.putObject("actions");
        ObjectNode upload = actions.putObject("upload");
        if (asker.inParts() && multipart.isLarge(size)) {
            multipart.describe(upload, address(request, repo, oid), asker.bearer(), size);
        } else {
            upload.put("href", hrefs.sign(purpose("PUT", asker, oid), "size=" + size, "git=" + forGit))
                    .put("expires_in", VALID.toSeconds());
        }
        ObjectNode verify = actions.putObject("verify").put("href", address(request, repo, "verify"));
        String authorization = request.header(HttpHeaderNames.AUTHORIZATION);
        if (authorization != null) {
            verify.putObject("header").put("Authorization", authorization);
        }
    }

    private void download(Asker asker, ObjectNode node, String oid) throws HttpException, IOException {
        Optional<CommitFile> found = uploads.find(asker.repo(), Digest.of(oid));
        if (found.isEmpty()) {
            error(node, HttpResponseStatus.NOT_FOUND, "there is no such object");
            return;
        }
        node.put("size", found.get().size());
        node.put("authenticated", true);
        node.putObject("actions")
                .putObject("download")
                .put("href", hrefs.sign(purpose("GET", asker, oid)))
                .put("expires_in", VALID.toSeconds());
    }

    private static SignedHrefs.Purpose purpose(String method, Asker asker, String oid) throws HttpException {
        return new SignedHrefs.Purpose(
                method, address(asker.request(), asker.repo(), oid), asker.bearer(), Instant.now().plus(VALID));
    }

    private static String address(Request request, RepoId repo, String what) throws HttpException {
        return request.baseUrl() + "/" + repo + ".git/info/lfs/objects/" + what;
    }

    /** What git pushes is kept as long as the repository; what a Hub client sends, until its commit says so. */
    private static boolean isGit(Request request) {
        String agent = request.header(HttpHeaderNames.USER_AGENT);
        return agent != null && agent.toLowerCase(Locale.ROOT).startsWith("git-lfs/");
    }

    private static void error(ObjectNode node, HttpResponseStatus status, String message) {
        node.putObject("error").put("code", status.code()).put("message", message);
    }

    /** Returns a request's body. */
    static JsonNode body(Request request) throws HttpException {
        try {
            JsonNode json = JSON.readTree(request.body().bytes());
            if (json.isObject()) {
                return json;
            }
        } catch (JacksonException e) {
            throw unprocessable("the body isn't JSON").because(e);
        }
        throw unprocessable("the body isn't a JSON object");
    }

    /** Returns the refusal of a request whose body or address does not say what it must. */
    static HttpException unprocessable(String message) {
        return new HttpException(HttpResponseStatus.UNPROCESSABLE_ENTITY, message);
    }

    private static Response json(ObjectNode json) {
        return Response.of(HttpResponseStatus.OK, new Body.Bytes(JSON.writeValueAsBytes(json)))
                .with(HttpHeaderNames.CONTENT_TYPE.toString(), LfsHandler.MEDIA_TYPE);
    }
}
