package io.weightspan.server.hub;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.content.StoredContent;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.InvalidNameException;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The Hub's read side, R1 to R10: {@code /{ns}/{name}/resolve/...} and {@code /api/...}.
 *
 * <p>Every repository is a model. Data sets, spaces and kernels are told to be missing, so that clients which probe for
 * them go on.
 */
public final class HubHandler implements RequestHandler {

    private static final Set<String> OTHER_KINDS = Set.of("datasets", "spaces", "kernels");

    private final ResolveRoute resolve;
    private final ModelsRoute models;

    /**
     * Creates a handler.
     *
     * @param repositories the repositories that are served
     * @param content opens their files
     */
    public HubHandler(Repositories repositories, StoredContent content) {
        this.resolve = new ResolveRoute(repositories, content);
        this.models = new ModelsRoute(repositories);
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
            return Optional.of(resolve.answer(request, repo(path.get(0), path.get(1)), path.get(3), file));
        }
        if (path.size() >= 4 && path.get(1).equals("resolve")) {
            // The Hub's oldest models have no namespace; ours all have one.
            throw HubErrors.noRepo(path.getFirst());
        }
        return Optional.empty();
    }

    private Optional<Response> api(Request request, String kind, List<String> rest) throws HttpException, IOException {
        if (kind.equals("whoami-v2") && rest.isEmpty()) {
            throw new HttpException(HttpResponseStatus.UNAUTHORIZED,
                    "this server has no accounts");
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
        return Optional.of(models.one(request, repo(rest.get(0), rest.get(1)), rest.subList(2, rest.size())));
    }

    /** Tells that a repository of another kind isn't there. */
    private static Optional<Response> other(List<String> path) throws HttpException {
        throw HubErrors.noRepo(String.join("/", path.subList(0, Math.min(2, path.size()))));
    }

    /** Returns the repository of a name; one that can't be a name is just not there. */
    private static RepoId repo(String namespace, String name) throws HttpException {
        try {
            return new RepoId(namespace, name);
        } catch (InvalidNameException e) {
            HttpException none = HubErrors.noRepo(namespace + "/" + name);
            none.initCause(e);
            throw none;
        }
    }
}
