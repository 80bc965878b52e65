package io.weightspan.server.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.auth.Caller;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.content.StoredContent;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/**
 * The Hub's API, R1 to R10 and W1 to W10: {@code /{ns}/{name}/resolve/...} and {@code /api/...}.
 *
 * <p>Every repository is a model. Data sets, spaces and kernels are told to be missing, so that clients which probe for
 * them go on.
 */
public final class HubHandler implements RequestHandler {

    private static final Set<String> OTHER_KINDS = Set.of("datasets", "spaces", "kernels");

    private final Guard guard;
    private final ResolveRoute resolve;
    private final ModelsRoute models;
    private final ReposRoute repos;
    private final EditRoute edits;

    /**
     * Creates a handler.
     *
     * @param repositories the repositories that are served
     * @param content opens their files
     * @param quotas how much there may be
     * @param guard who may what
     */
    public HubHandler(Repositories repositories, StoredContent content, Quotas quotas, Guard guard) {
        this.guard = requireNonNull(guard, "guard is null");
        this.repos = new ReposRoute(repositories, quotas, guard);
        this.edits = new EditRoute(repositories, quotas, guard);
        this.resolve = new ResolveRoute(repositories, content);
        this.models = new ModelsRoute(repositories, guard);
    }

    @Override
    public Optional<Response> handle(Request request) throws HttpException, IOException {
        List<String> path = request.target().segments();
        if (path.size() < 2) {
            return Optional.empty();
        }
        if (path.getFirst().equals("api")) {
            return api(request, path.get(1), path.subList(2, path.size()));
        }
        if (OTHER_KINDS.contains(path.getFirst())) {
            return other(path.subList(1, path.size()));
        }
        if (path.size() >= 5 && path.get(2).equals("resolve")) {
            String file = String.join("/", path.subList(4, path.size()));
            RepoId repo = HubErrors.repo(path.get(0), path.get(1));
            guard.requireFiles(request, repo);
            boolean isPublic = guard.reads(Caller.ANONYMOUS, repo);
            return Optional.of(resolve.answer(request, repo, new ResolveRoute.Named(path.get(3), file), isPublic));
        }
        if (path.size() >= 4 && path.get(1).equals("resolve")) {
            // The Hub's oldest models have no namespace; ours all have one.
            throw HubErrors.noRepo(path.getFirst());
        }
        return Optional.empty();
    }

    private Optional<Response> api(Request request, String kind, List<String> rest) throws HttpException, IOException {
        if (kind.equals("whoami-v2") && rest.isEmpty()) {
            return Optional.of(Whoami.answer(request, guard));
        }
        if (kind.equals("repos")) {
            return repos.answer(request, rest);
        }
        if (kind.equals("validate-yaml") && rest.isEmpty()) {
            // The card's text is the keeper's own affair; the answer's form is what clients insist on.
            ObjectNode valid = HubJson.object();
            valid.putArray("errors");
            valid.putArray("warnings");
            return Optional.of(HubJson.answer(valid));
        }
        if (OTHER_KINDS.contains(kind)) {
            return rest.isEmpty() ? Optional.of(HubJson.answer(HubJson.array())) : other(rest);
        }
        if (!kind.equals("models")) {
            return Optional.empty();
        }
        if (rest.isEmpty()) {
            return Optional.of(models.list(request));
        }
        if (rest.size() == 1) {
            throw HubErrors.noRepo(rest.getFirst());
        }
        RepoId repo = HubErrors.repo(rest.get(0), rest.get(1));
        List<String> further = rest.subList(2, rest.size());
        if (EditRoute.isEdit(further)) {
            return Optional.of(edits.answer(request, repo, further));
        }
        guard.requireRead(request, repo);
        return Optional.of(models.one(request, repo, further));
    }

    /** The files of a commit come within it. */
    @Override
    public boolean takesStream(String method, RequestTarget target) {
        List<String> path = target.segments();
        return method.equals("POST")
                && path.size() >= 6
                && path.subList(0, 2).equals(List.of("api", "models"))
                && path.get(4).equals("commit");
    }

    /** Tells that a repository of another kind isn't there. */
    private static Optional<Response> other(List<String> path) throws HttpException {
        throw HubErrors.noRepo(String.join("/", path.subList(0, Math.min(2, path.size()))));
    }
}
