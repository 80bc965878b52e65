package io.weightspan.server.hub;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.auth.Caller;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.Response;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.ExistsException;
import io.weightspan.server.repo.InvalidNameException;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.RepoSettings;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.RepositoryEditor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** W1 and W10: repositories made, moved and deleted, below {@code /api/repos}. */
final class ReposRoute {

    private final Repositories repositories;
    private final RepositoryEditor editor;
    private final Quotas quotas;
    private final Guard guard;

    ReposRoute(Repositories repositories, Quotas quotas, Guard guard) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.editor = new RepositoryEditor(repositories);
        this.quotas = requireNonNull(quotas, "quotas is null");
        this.guard = requireNonNull(guard, "guard is null");
    }

    /**
     * Answers a request.
     *
     * @param path the segments after {@code /api/repos}
     * @return the answer, or empty where the path is none of these
     * @throws HttpException if it is refused
     * @throws IOException if the store can't be read or written
     */
    Optional<Response> answer(Request request, List<String> path) throws HttpException, IOException {
        if (path.size() != 1) {
            return Optional.empty();
        }
        return switch (path.getFirst()) {
            case "create" -> Optional.of(create(request));
            case "delete" -> Optional.of(delete(request));
            case "move" -> Optional.of(move(request));
            default -> Optional.empty();
        };
    }

    private Response create(Request request) throws HttpException, IOException {
        request.require("POST");
        JsonBody body = model(request);
        Caller caller = guard.identify(request);
        RepoId repo = repo(caller, body);
        guard.requireWrite(request, repo);
        boolean isPrivate = body.json().path("private").asBoolean(false)
                || body.text("visibility", "public").equals("private");
        String url = request.baseUrl() + "/" + repo;
        ObjectNode json = HubJson.object().put("url", url).put("name", repo.toString());
        try {
            editor.create(repo, RepoSettings.DEFAULT.withPrivate(isPrivate), caller.user());
        } catch (ExistsException e) {
            // Clients that don't mind read the address from this answer too.
            json.put("error", "You already created this model repo: " + repo);
            return Response.json(
                    HttpResponseStatus.CONFLICT, json.toString().getBytes(StandardCharsets.UTF_8))
                    .with("X-Error-Message", "there is a repository " + repo + " already");
        }
        return HubJson.answer(json);
    }

    private Response delete(Request request) throws HttpException, IOException {
        request.require("DELETE");
        JsonBody body = model(request);
        RepoId repo = repo(guard.identify(request), body);
        guard.requireWrite(request, repo);
        HubErrors.translate(() -> {
            editor.delete(repo);
            return repo;
        });
        return HubJson.answer(HubJson.object());
    }

    private Response move(Request request) throws HttpException, IOException {
        request.require("POST");
        JsonBody body = model(request);
        RepoId from = parse(body.text("fromRepo"));
        RepoId to = parse(body.text("toRepo"));
        guard.requireWrite(request, from);
        guard.requireWrite(request, to);
        HubErrors.translate(() -> {
            if (!from.namespace().equals(to.namespace())) {
                for (Commit commit : repositories.reachable(from)) {
                    quotas.take(to, commit.files());
                }
            }
            editor.move(from, to);
            return to;
        });
        return HubJson.answer(HubJson.object().put("url", request.baseUrl() + "/" + to));
    }

    private static JsonBody model(Request request) throws HttpException {
        JsonBody body = JsonBody.of(request);
        String type = body.text("type", "model");
        if (!type.equals("model")) {
            throw JsonBody.bad("this hub keeps models only, no repository of type " + type);
        }
        return body;
    }

    /** The name comes in two parts, the namespace where it isn't the caller's own. */
    private static RepoId repo(Caller caller, JsonBody body) throws HttpException {
        String name = body.text("name");
        if (name.indexOf('/') >= 0) {
            return parse(name);
        }
        String namespace = body.text("organization", caller.user());
        if (namespace.isEmpty()) {
            throw Guard.unknown("log in with a token, or name the namespace: NAMESPACE/" + name);
        }
        return parse(namespace + "/" + name);
    }

    private static RepoId parse(String text) throws HttpException {
        try {
            return RepoId.of(text);
        } catch (InvalidNameException e) {
            throw JsonBody.bad(String.valueOf(e.getMessage())).because(e);
        }
    }
}
