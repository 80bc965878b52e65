package io.weightspan.server.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.auth.Caller;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.Response;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.RefName;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.RepoSettings;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.RepositoryEditor;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** W3, W7 to W10 and the squashing of a history: what changes one repository, below {@code /api/models/{ns}/{name}}. */
final class EditRoute {

    private final Repositories repositories;
    private final RepositoryEditor editor;
    private final PreuploadRoute preuploads;
    private final CommitRoute commits;
    private final Guard guard;

    EditRoute(Repositories repositories, Quotas quotas, Guard guard) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.editor = new RepositoryEditor(repositories);
        this.guard = requireNonNull(guard, "guard is null");
        this.preuploads = new PreuploadRoute(repositories.store(), quotas);
        this.commits = new CommitRoute(repositories, editor, quotas);
    }

    /** Returns whether a request of this kind is this route's. */
    static boolean isEdit(List<String> rest) {
        return !rest.isEmpty()
                && switch (rest.getFirst()) {
                    case "preupload", "commit", "branch", "tag", "super-squash" -> rest.size() >= 2;
                    case "settings" -> rest.size() == 1;
                    default -> false;
                };
    }

    /**
     * Answers a request.
     *
     * @param rest the segments after the repository's name, for which {@link #isEdit} holds
     * @throws HttpException if it is refused
     * @throws IOException if the store can't be read or written
     */
    Response answer(Request request, RepoId repo, List<String> rest) throws HttpException, IOException {
        Caller caller = guard.requireWrite(request, repo);
        // A client sends the slashes of a name encoded, but a person may not.
        String named = String.join("/", rest.subList(1, rest.size()));
        return HubErrors.translate(() -> switch (rest.getFirst()) {
            case "preupload" -> preuploads.answer(request, repositories.resolve(repo, named));
            case "commit" -> commits.answer(request, repo, named, caller);
            case "branch" -> branch(request, repo, named);
            case "tag" -> tag(request, repo, named);
            case "super-squash" -> squash(request, repo, named, caller);
            default -> settings(request, repo);
        });
    }

    private Response branch(Request request, RepoId repo, String name) throws HttpException, IOException {
        switch (request.method()) {
            case "POST" -> {
                String from = JsonBody.of(request).text("startingPoint", RefName.MAIN);
                editor.createBranch(repo, name, repositories.resolve(repo, from));
            }
            case "DELETE" -> editor.deleteBranch(repo, name);
            default -> throw request.methodNotAllowed("POST, DELETE");
        }
        return HubJson.answer(HubJson.object());
    }

    private Response tag(Request request, RepoId repo, String named) throws HttpException, IOException {
        switch (request.method()) {
            case "POST" ->
                editor.createTag(repo, JsonBody.of(request).text("tag"), repositories.resolve(repo, named));
            case "DELETE" -> editor.deleteTag(repo, named);
            default -> throw request.methodNotAllowed("POST, DELETE");
        }
        return HubJson.answer(HubJson.object());
    }

    private Response squash(Request request, RepoId repo, String branch, Caller caller)
            throws HttpException, IOException {
        request.require("POST");
        // Says what is wrong with a name that can't be a branch's.
        repositories.resolve(repo, "refs/heads/" + branch);
        String message = JsonBody.of(request).text("message", "Squash the history of " + branch);
        Commit commit = editor.squash(repo, branch, caller.user(), message);
        return HubJson.answer(HubJson.object()).with(HubErrors.COMMIT_HEADER, commit.id());
    }

    private Response settings(Request request, RepoId repo) throws HttpException, IOException {
        request.require("PUT");
        JsonBody body = JsonBody.of(request);
        Optional<Boolean> hidden = hidden(body);
        Optional<RepoSettings.Gate> gate = gate(body);
        RepoSettings now = editor.settings(repo, before -> {
            RepoSettings changed = hidden.isPresent() ? before.withPrivate(hidden.get()) : before;
            return gate.isPresent() ? changed.withGate(gate.get()) : changed;
        });
        ObjectNode json = HubJson.object().put("private", now.isPrivate());
        HubJson.gated(json, now);
        return HubJson.answer(json);
    }

    private static Optional<Boolean> hidden(JsonBody body) throws HttpException {
        if (body.json().hasNonNull("private")) {
            JsonNode value = body.json().path("private");
            if (!value.isBoolean()) {
                throw JsonBody.bad("'private' must be true or false");
            }
            return Optional.of(value.booleanValue());
        }
        return switch (body.text("visibility", "")) {
            case "" -> Optional.empty();
            case "private" -> Optional.of(true);
            case "public" -> Optional.of(false);
            default -> throw JsonBody.bad("'visibility' must be public or private");
        };
    }

    private static Optional<RepoSettings.Gate> gate(JsonBody body) throws HttpException {
        JsonNode value = body.json().path("gated");
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (value.isBoolean() && !value.booleanValue()) {
            return Optional.of(RepoSettings.Gate.OPEN);
        }
        return switch (value.asString("")) {
            case "auto" -> Optional.of(RepoSettings.Gate.AUTO);
            case "manual" -> Optional.of(RepoSettings.Gate.MANUAL);
            default -> throw JsonBody.bad("'gated' must be auto, manual or false");
        };
    }
}
