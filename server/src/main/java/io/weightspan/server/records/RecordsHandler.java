package io.weightspan.server.records;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.codec.container.Digest;
import io.weightspan.format.v1.Role;
import io.weightspan.server.auth.Caller;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.content.StoredContent;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Representation;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.Response;
import io.weightspan.server.hub.HubErrors;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import io.weightspan.server.repo.FirstPart;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.StoredFiles;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The native read API of {@code format-spec/server-protocol.md}, below {@code /api/weightspan/v1}.
 *
 * <p>An object's bytes follow from its name, so they may be cached for ever. What a commit's files are stored as may
 * change.
 */
public final class RecordsHandler implements RequestHandler {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final List<String> PREFIX = List.of("api", "weightspan", "v1");

    private final Repositories repositories;
    private final StoredFiles files;
    private final StoredContent content;
    private final Guard guard;
    private final ObjectAccess access;

    /**
     * Creates a handler.
     *
     * @param repositories the repositories that are served
     * @param content opens their objects
     * @param guard who may what
     */
    public RecordsHandler(Repositories repositories, StoredContent content, Guard guard) {
        this.guard = requireNonNull(guard, "guard is null");
        this.access = new ObjectAccess(repositories, guard);
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.content = requireNonNull(content, "content is null");
        this.files = new StoredFiles(repositories.store());
    }

    @Override
    public Optional<Response> handle(Request request) throws HttpException, IOException {
        List<String> path = request.target().segments();
        if (path.size() < 5 || !path.subList(0, 3).equals(PREFIX)) {
            return Optional.empty();
        }
        if (path.get(3).equals("objects") && path.size() == 5) {
            return Optional.of(object(request, path.get(4)));
        }
        if (path.get(3).equals("repos") && path.size() >= 8 && path.get(6).equals("revision")) {
            String revision = String.join("/", path.subList(7, path.size()));
            return Optional.of(revision(request, path.get(4), path.get(5), revision));
        }
        return Optional.empty();
    }

    /** SP-OBJ: the bytes of an object as they are stored. */
    private Response object(Request request, String name) throws HttpException, IOException {
        request.requireRead();
        OptionalLong size = Digest.isHex(name)
                ? repositories.store().size(Digest.of(name))
                : OptionalLong.empty();
        Caller caller = guard.identify(request);
        // What not everybody may read must not come to them from a cache that many share.
        boolean isPublic = size.isPresent() && access.mayRead(Caller.ANONYMOUS, Digest.of(name));
        if (size.isEmpty() || !isPublic && !access.mayRead(caller, Digest.of(name))) {
            throw new HttpException(HttpResponseStatus.NOT_FOUND, "ObjectNotFound", "there is no object " + name);
        }
        Digest object = Digest.of(name);
        List<Map.Entry<String, String>> headers = List.of(
                Map.entry("Content-Type", "application/octet-stream"),
                Map.entry("X-Content-Type-Options", "nosniff"),
                Map.entry("Cache-Control", Representation.forEver(isPublic)));
        return new Representation(
                name, size.getAsLong(), headers, (offset, length) -> content.object(object, offset, length))
                .respond(request);
    }

    /** SP-REV: what a revision is made of. */
    private Response revision(Request request, String namespace, String name, String revision)
            throws HttpException, IOException {
        request.requireRead();
        RepoId repo = HubErrors.repo(namespace, name);
        guard.requireFiles(request, repo);
        return HubErrors.translate(() -> {
            Commit commit = repositories.resolve(repo, revision);
            ObjectNode json = JSON.createObjectNode();
            json.put("repo", commit.repo().toString());
            json.put("revision", commit.id());
            json.put("family", commit.family());
            ArrayNode array = json.putArray("files");
            for (CommitFile file : commit.files()) {
                describe(file, array.addObject());
            }
            return Response.json(HttpResponseStatus.OK, JSON.writeValueAsBytes(json))
                    .with("Cache-Control", "no-cache")
                    .with(HubErrors.COMMIT_HEADER, commit.id());
        });
    }

    private void describe(CommitFile file, ObjectNode json) throws IOException {
        json.put("path", file.path());
        json.put("size", file.size());
        json.put("sha256", file.sha256().hex());
        json.putObject("object")
                .put("kind", file.kind() == FileKind.RECORD ? "record" : "plain")
                .put("sha256", file.object().hex())
                .put("size", file.storedSize());
        file.original().ifPresent(original -> json.put("original_sha256", original.hex()));
        if (file.firstPart().isPresent()) {
            FirstPart part = file.firstPart().get();
            ObjectNode layer = json.putObject("layer")
                    .put("sha256", part.sha256().hex())
                    .put("size", part.size())
                    .put("file_sha256", part.fileSha256().hex());
            ArrayNode needed = layer.putArray("dependencies");
            files.layerDependencies(file).forEach(object -> needed.add(object.hex()));
        }
        ArrayNode dependencies = json.putArray("dependencies");
        for (StoredFiles.StoredDependency needed : files.dependencies(file)) {
            dependencies.addObject()
                    .put("object", needed.object().hex())
                    .put("size", needed.size())
                    .put("file_sha256", needed.fileSha256().hex())
                    .put("role", role(needed.role()));
        }
    }

    private static String role(Role role) {
        return switch (role) {
            case ROLE_BASE -> "base";
            case ROLE_SIBLING -> "sibling";
            case ROLE_BASIS -> "basis";
            case ROLE_UNSPECIFIED, UNRECOGNIZED -> "other";
        };
    }
}
