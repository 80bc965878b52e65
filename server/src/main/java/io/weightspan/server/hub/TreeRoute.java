package io.weightspan.server.hub;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.Repositories;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/** R4 and R5: the files and folders of a commit. */
final class TreeRoute {

    private final Repositories repositories;

    TreeRoute(Repositories repositories) {
        this.repositories = repositories;
    }

    /** What a client asks of {@code paths-info}. */
    private record Wanted(List<String> paths, boolean expand) {}

    /**
     * R4: lists a folder.
     *
     * @param path the folder's path, empty for the root
     * @throws HttpException 404 where there is no such folder
     * @throws IOException if the store can't be read
     */
    Response list(Request request, Commit commit, String path) throws HttpException, IOException {
        request.requireRead();
        Paging paging = Paging.of(request);
        boolean recursive = request.target().flag("recursive");
        List<FileTree.Entry> entries = FileTree.of(commit)
                .list(path, recursive)
                .orElseThrow(() -> HubErrors.noEntry(commit, path));
        Response response = answer(commit, paging.cut(entries), request.target().flag("expand"));
        return paging.link(response, request, entries.size());
    }

    /**
     * R5: tells about the paths in the body, a form or JSON; what isn't there is left out.
     *
     * @throws HttpException 405 for another method than POST, 400 for a body that can't be read
     * @throws IOException if the store can't be read
     */
    Response paths(Request request, Commit commit) throws HttpException, IOException {
        request.require("POST");
        Wanted wanted = wanted(request);
        FileTree tree = FileTree.of(commit);
        List<FileTree.Entry> found = new ArrayList<>();
        for (String path : wanted.paths()) {
            tree.at(path.endsWith("/") ? path.substring(0, path.length() - 1) : path)
                    .ifPresent(found::add);
        }
        return answer(commit, found, wanted.expand());
    }

    private Response answer(Commit commit, List<FileTree.Entry> entries, boolean expand) throws IOException {
        ArrayNode json = HubJson.array();
        List<Commit> history = expand ? repositories.history(commit) : List.of();
        List<FileTree> trees = history.stream().map(FileTree::of).toList();
        for (FileTree.Entry entry : entries) {
            json.add(HubJson.entry(entry, lastChange(entry, history, trees)));
        }
        return HubJson.answer(json).with(HubErrors.COMMIT_HEADER, commit.id());
    }

    /** Returns the commit that made an entry what it is: the oldest in a row from the newest on that have it so. */
    private static Optional<Commit> lastChange(FileTree.Entry entry, List<Commit> history, List<FileTree> trees) {
        Optional<Commit> last = Optional.empty();
        for (int i = 0; i < history.size(); i++) {
            boolean same = trees.get(i)
                    .at(entry.path())
                    .filter(then -> then.id().equals(entry.id()))
                    .isPresent();
            if (!same) {
                break;
            }
            last = Optional.of(history.get(i));
        }
        return last;
    }

    private static Wanted wanted(Request request) throws HttpException {
        String text = new String(request.body().bytes(), StandardCharsets.UTF_8);
        String type = request.header(HttpHeaderNames.CONTENT_TYPE);
        if (type != null && type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            return json(text);
        }
        RequestTarget form = new RequestTarget(List.of(), RequestTarget.form(text));
        return new Wanted(form.query().getOrDefault("paths", List.of()), form.flag("expand"));
    }

    private static Wanted json(String text) throws HttpException {
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(text);
        } catch (JacksonException e) {
            throw new HttpException(HttpResponseStatus.BAD_REQUEST, "the body isn't JSON").because(e);
        }
        JsonNode paths = json.path("paths");
        List<String> wanted = new ArrayList<>();
        if (paths.isString()) {
            wanted.add(paths.stringValue());
        }
        for (JsonNode path : paths.isArray() ? paths : HubJson.array()) {
            if (!path.isString()) {
                throw new HttpException(HttpResponseStatus.BAD_REQUEST, "a path in the body isn't a string");
            }
            wanted.add(path.stringValue());
        }
        return new Wanted(wanted, json.path("expand").asBoolean(false));
    }
}
