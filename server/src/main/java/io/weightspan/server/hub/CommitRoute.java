package io.weightspan.server.hub;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.auth.Caller;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.Response;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitEdit;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.RepositoryEditor;
import io.weightspan.server.repo.Uploads;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.io.InputStream;
import tools.jackson.databind.node.ObjectNode;

/** W7: a commit, whose files come within it. Nothing of it counts until all of it has arrived and fits. */
final class CommitRoute {

    private final Repositories repositories;
    private final RepositoryEditor editor;
    private final Quotas quotas;
    private final Uploads uploads;

    CommitRoute(Repositories repositories, RepositoryEditor editor, Quotas quotas) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.editor = requireNonNull(editor, "editor is null");
        this.quotas = requireNonNull(quotas, "quotas is null");
        this.uploads = new Uploads(repositories);
    }

    /**
     * Answers a request.
     *
     * @throws HttpException 400 for a body that can't be read or a change that can't be made, 412 where somebody else
     *     has changed the branch
     * @throws IOException if the store can't be read or written
     */
    Response answer(Request request, RepoId repo, String branch, Caller caller) throws HttpException, IOException {
        request.require("POST");
        if (request.target().flag("create_pr")) {
            throw new HttpException(
                    HttpResponseStatus.BAD_REQUEST, "this hub has no pull requests; commit to a branch instead");
        }
        // Asked before hundreds of megabytes are read for nothing.
        repositories.resolve(repo, "refs/heads/" + branch);
        try (StoreSession session = repositories.store().openSession();
                InputStream body = request.body().open()) {
            CommitLines lines = new CommitLines(uploads, session, repo);
            lines.read(body);
            CommitEdit edit = new CommitEdit(
                    repo, branch, caller.user(), lines.message(), lines.parent(), lines.changes());
            quotas.take(repo, edit.added());
            Commit commit = editor.commit(session, edit, "");
            ObjectNode json = HubJson.object()
                    .put("success", true)
                    .put("commitOid", commit.id())
                    .put("commitUrl", request.baseUrl() + "/" + repo + "/commit/" + commit.id())
                    .put("hookOutput", "");
            return HubJson.answer(json).with(HubErrors.COMMIT_HEADER, commit.id());
        }
    }
}
