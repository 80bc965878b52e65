package io.weightspan.server.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.content.StoredContent;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Representation;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** R1 and R2: {@code /{ns}/{name}/resolve/{rev}/{path}}, the bytes of a file. Answers at once, never by a redirect. */
final class ResolveRoute {

    private final Repositories repositories;
    private final StoredContent content;

    ResolveRoute(Repositories repositories, StoredContent content) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.content = requireNonNull(content, "content is null");
    }

    /** A file of a revision, as a client names them. */
    record Named(String revision, String path) {}

    /**
     * Answers GET or HEAD.
     *
     * @param isPublic whether everybody may read it, and caches that many share may keep it
     * @throws HttpException if the repository, revision or file isn't there, or the range or a condition says so
     * @throws IOException if the store can't be read
     */
    Response answer(Request request, RepoId repo, Named named, boolean isPublic) throws HttpException, IOException {
        request.requireRead();
        return HubErrors.translate(() -> {
            Commit commit = repositories.resolve(repo, named.revision());
            CommitFile file = commit.file(named.path());
            String cached = named.revision().equals(commit.id())
                    ? Representation.forEver(isPublic)
                    : (isPublic ? "" : "private, ") + "no-cache";
            return representation(commit, file, cached).respond(request);
        });
    }

    private Representation representation(Commit commit, CommitFile file, String cached) {
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        headers.add(Map.entry("Content-Type", "application/octet-stream"));
        // Whatever a repository holds, a browser must not run it.
        headers.add(Map.entry("X-Content-Type-Options", "nosniff"));
        String name = file.path().substring(file.path().lastIndexOf('/') + 1);
        headers.add(Map.entry("Content-Disposition", "attachment; filename*=UTF-8''" + RequestTarget.encode(name)));
        headers.add(Map.entry("Cache-Control", cached));
        headers.add(Map.entry(HubErrors.COMMIT_HEADER, commit.id()));
        if (LargeFiles.isLarge(file)) {
            headers.add(Map.entry("X-Linked-Etag", '"' + LargeFiles.tag(file) + '"'));
            headers.add(Map.entry("X-Linked-Size", Long.toString(file.size())));
        }
        return new Representation(
                LargeFiles.tag(file),
                file.size(),
                headers,
                (offset, length) -> content.file(file, offset, length));
    }
}
