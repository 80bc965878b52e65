package io.weightspan.server.hub;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.auth.Caller;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.Refs;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** R3 and R7 to R10: what there is to know about repositories, below {@code /api/models}. */
final class ModelsRoute {

    private final Repositories repositories;
    private final Guard guard;
    private final TreeRoute trees;

    ModelsRoute(Repositories repositories, Guard guard) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.guard = requireNonNull(guard, "guard is null");
        this.trees = new TreeRoute(repositories);
    }

    /**
     * R7: lists the repositories. {@code search}, {@code author} and {@code filter} choose, {@code sort} orders,
     * {@code limit} and {@code cursor} page; {@code full} adds the files.
     *
     * @throws HttpException 400 for a parameter that can't be
     * @throws IOException if the store can't be read
     */
    Response list(Request request) throws HttpException, IOException {
        request.requireRead();
        Paging paging = Paging.of(request);
        String search = request.target().parameter("search", "").toLowerCase(Locale.ROOT);
        String author = request.target().parameter("author", "");
        List<Commit> found = new ArrayList<>();
        Caller caller = guard.identify(request);
        for (RepoId repo : repositories.list()) {
            boolean named = repo.toString().toLowerCase(Locale.ROOT).contains(search)
                    && (author.isEmpty() || repo.namespace().equalsIgnoreCase(author));
            if (named && guard.sees(caller, repo)) {
                Commit head = HubErrors.translate(() -> repositories.head(repo));
                if (HubJson.tags(head).containsAll(filter(request))) {
                    found.add(head);
                }
            }
        }
        sort(found, request.target().parameter("sort", ""));
        boolean full = request.target().flag("full")
                || request.target().query().getOrDefault("expand", List.of()).contains("siblings");
        ArrayNode models = HubJson.array();
        for (Commit head : paging.cut(found)) {
            models.add(HubErrors.translate(
                    () -> HubJson.model(head, first(head), repositories.settings(head.repo()), full, false)));
        }
        return paging.link(HubJson.answer(models), request, found.size());
    }

    /**
     * Answers about one repository.
     *
     * @param rest the segments after the repository's name
     * @throws HttpException if it isn't there, or there is nothing at that path
     * @throws IOException if the store can't be read
     */
    Response one(Request request, RepoId repo, List<String> rest) throws HttpException, IOException {
        String what = rest.isEmpty() ? "" : rest.getFirst();
        List<String> further = rest.isEmpty() ? rest : rest.subList(1, rest.size());
        return HubErrors.translate(() -> switch (what) {
            case "" -> info(request, repositories.head(repo));
            case "revision" -> info(request, repositories.resolve(repo, joined(repo, further)));
            case "tree" -> {
                Commit commit = repositories.resolve(repo, firstOf(repo, further));
                yield trees.list(request, commit, String.join("/", further.subList(1, further.size())));
            }
            case "paths-info" ->
                trees.paths(request, repositories.resolve(repo, joined(repo, further)));
            case "refs" -> refs(request, repo);
            case "commits" -> commits(request, repositories.resolve(repo, joined(repo, further)));
            case "auth-check" -> authCheck(request, repo, further);
            default -> throw nothing(repo);
        });
    }

    private Response info(Request request, Commit commit) throws HttpException, IOException {
        request.requireRead();
        boolean blobs = request.target().flag("blobs");
        return HubJson.answer(HubJson.model(commit, first(commit), repositories.settings(commit.repo()), true, blobs))
                .with(HubErrors.COMMIT_HEADER, commit.id());
    }

    private Response refs(Request request, RepoId repo) throws HttpException, IOException {
        request.requireRead();
        Refs refs = repositories.refs(repo);
        ObjectNode json = HubJson.object();
        addRefs(json.putArray("branches"), "refs/heads/", refs.branches());
        json.putArray("converts");
        addRefs(json.putArray("tags"), "refs/tags/", refs.tags());
        json.putArray("pullRequests");
        return HubJson.answer(json);
    }

    private Response commits(Request request, Commit commit) throws HttpException, IOException {
        request.requireRead();
        Paging paging = Paging.of(request);
        List<Commit> history = repositories.history(commit);
        ArrayNode json = HubJson.array();
        paging.cut(history).forEach(each -> json.add(HubJson.commit(each)));
        return paging.link(HubJson.answer(json), request, history.size());
    }

    private Response authCheck(Request request, RepoId repo, List<String> further) throws HttpException, IOException {
        request.requireRead();
        if (!repositories.exists(repo)) {
            throw HubErrors.noRepo(repo.toString());
        }
        if (!further.isEmpty()) {
            guard.requireWrite(request, repo);
        }
        return HubJson.answer(HubJson.object());
    }

    private Commit first(Commit commit) throws IOException {
        return repositories.history(commit).getLast();
    }

    private static List<String> filter(Request request) {
        return request.target().query().getOrDefault("filter", List.of()).stream()
                .flatMap(value -> List.of(value.split(",", -1)).stream())
                .filter(tag -> !tag.isEmpty())
                .toList();
    }

    /** Orders by what we know; by the rest (downloads, likes) all are equal and stay in order of name. */
    private static void sort(List<Commit> commits, String key) {
        if (key.equals("lastModified") || key.equals("createdAt")) {
            commits.sort(Comparator.comparing(Commit::time).reversed());
        }
    }

    private static void addRefs(ArrayNode array, String prefix, SortedMap<String, String> refs) {
        for (Map.Entry<String, String> ref : refs.entrySet()) {
            array.addObject()
                    .put("name", ref.getKey())
                    .put("ref", prefix + ref.getKey())
                    .put("targetCommit", ref.getValue());
        }
    }

    /** Returns a revision that is the rest of the path, whether or not its slashes were encoded. */
    private String joined(RepoId repo, List<String> further) throws HttpException, IOException {
        firstOf(repo, further);
        return String.join("/", further);
    }

    private String firstOf(RepoId repo, List<String> further) throws HttpException, IOException {
        if (further.isEmpty()) {
            throw nothing(repo);
        }
        return further.getFirst();
    }

    private HttpException nothing(RepoId repo) throws IOException {
        return repositories.exists(repo)
                ? new HttpException(HttpResponseStatus.NOT_FOUND, "there is nothing at this path")
                : HubErrors.noRepo(repo.toString());
    }
}
