package io.weightspan.server.web;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import io.weightspan.server.repo.Refs;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.web.Frame.Crumb;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The pages of one repository: what it is and how to get it, its files, one of them, its history. Thread-safe. */
final class ModelPages {

    /** What stands behind a repository's name in the paths of its pages. */
    static final Set<String> PARTS = Set.of("card", "tree", "commits", "blob");

    private static final int README_BYTES = 256 << 10;
    private static final int TEXT_BYTES = 64 << 10;

    /** Records whose tensors are added up while somebody waits. */
    private static final int SUMMED_RECORDS = 8;

    /** Branches and tags of each kind that are listed. */
    private static final int REFS = 100;

    private static final String README = "README.md";

    private final Repositories repositories;
    private final RecordSummaries summaries;
    private final FileTexts texts;
    private final Pages pages;
    private final Frames frames;

    ModelPages(Repositories repositories, RecordSummaries summaries, Pages pages, Frames frames) {
        this.repositories = repositories;
        this.summaries = summaries;
        this.texts = new FileTexts(repositories.store());
        this.pages = pages;
        this.frames = frames;
    }

    /**
     * Answers about a repository that the visitor sees.
     *
     * @param rest the path after the repository's name
     * @param access what the visitor may do with it
     * @return the page; empty where no page has that path
     * @throws HttpException if a parameter is wrong
     * @throws IOException if something isn't there, or the store can't be read
     */
    Optional<Response> answer(Request request, RepoId repo, List<String> rest, Views.Access access)
            throws HttpException, IOException {
        String what = rest.isEmpty() ? "card" : rest.getFirst();
        if (!PARTS.contains(what)) {
            return Optional.empty();
        }
        Commit commit;
        String revision;
        if (rest.size() < 2) {
            revision = repositories.defaultBranch(repo);
            commit = repositories.resolve(repo, "refs/heads/" + revision);
        } else {
            revision = rest.get(1);
            commit = repositories.resolve(repo, revision);
        }
        String path = rest.size() < 3 ? "" : String.join("/", rest.subList(2, rest.size()));
        return switch (what) {
            case "card" -> path.isEmpty() ? Optional.of(card(request, commit, revision, access)) : Optional.empty();
            case "commits" -> path.isEmpty() ? Optional.of(history(request, commit, revision)) : Optional.empty();
            case "tree" -> Optional.of(files(request, commit, revision, path, access.isOpen()));
            default ->
                path.isEmpty() ? Optional.empty() : Optional.of(blob(request, commit, revision, path, access.isOpen()));
        };
    }

    private Response card(Request request, Commit commit, String revision, Views.Access access)
            throws HttpException, IOException {
        Readme readme = null;
        for (CommitFile file : commit.files()) {
            if (access.isOpen() && file.path().equals(README)) {
                Optional<FileTexts.FileText> text = texts.read(file, README_BYTES);
                readme = text.isEmpty()
                        ? null
                        : Readme.of(text.get().text(), text.get().isCut(), commit.repo(), revision);
            }
        }
        boolean hasRecords =
                access.isOpen() && commit.files().stream().anyMatch(file -> file.kind() == FileKind.RECORD);
        StoredPicture picture = hasRecords ? StoredPicture.of(List.of(commit), summaries, SUMMED_RECORDS) : null;
        List<Snippet> snippets = Snippet.of(request.baseUrl(), commit, revision);
        Views.Card view = new Views.Card(
                frame(request, commit, ""), head(commit, revision, "card"), access, readme, snippets, picture);
        return pages.page(HttpResponseStatus.OK, "card", view);
    }

    private Response files(Request request, Commit commit, String revision, String path, boolean isOpen)
            throws HttpException, IOException {
        String folder = path.isEmpty() ? "" : path + "/";
        List<CommitFile> inside =
                commit.files().stream().filter(file -> file.path().startsWith(folder)).toList();
        if (inside.isEmpty() && !folder.isEmpty()) {
            // Says that it isn't there.
            commit.file(path);
            return blob(request, commit, revision, path, isOpen);
        }
        Sheet<CommitFile> sheet = Sheet.of(request, inside);
        List<Views.FileRow> rows =
                sheet.rows().stream().map(file -> row(commit.repo(), revision, file)).toList();
        Views.Files view = new Views.Files(
                frame(request, commit, "Files"), head(commit, revision, "files"), folder, sheet.with(rows));
        return pages.page(HttpResponseStatus.OK, "files", view);
    }

    private Response history(Request request, Commit commit, String revision) throws HttpException, IOException {
        RepoId repo = commit.repo();
        Refs refs = repositories.refs(repo);
        Sheet<Commit> sheet = Sheet.of(request, repositories.history(commit));
        List<Views.CommitRow> rows = sheet.rows().stream()
                .map(each -> new Views.CommitRow(each, Links.tree(repo, each.id())))
                .toList();
        int shown = Math.min(REFS, refs.branches().size()) + Math.min(REFS, refs.tags().size());
        Views.History view = new Views.History(
                frame(request, commit, "History"),
                head(commit, revision, "history"),
                sheet.with(rows),
                refs(repo, refs.branches()),
                refs(repo, refs.tags()),
                refs.branches().size() + refs.tags().size() - shown);
        return pages.page(HttpResponseStatus.OK, "history", view);
    }

    private Response blob(Request request, Commit commit, String revision, String path, boolean isOpen)
            throws HttpException, IOException {
        CommitFile file = commit.file(path);
        RecordSummary summary = null;
        Sheet<RecordSummary.Tensor> tensors = null;
        List<PredictorRow> predictors = List.of();
        if (isOpen && file.kind() == FileKind.RECORD) {
            summary = summaries.of(file);
            tensors = Sheet.of(request, summary.tensors());
            predictors = PredictorRow.of(List.of(summary));
        }
        Optional<FileTexts.FileText> text = isOpen ? texts.read(file, TEXT_BYTES) : Optional.empty();
        Views.Blob view = new Views.Blob(
                frame(request, commit, path, new Crumb("Files", Links.tree(commit.repo(), revision))),
                head(commit, revision, "files"),
                isOpen,
                row(commit.repo(), revision, file),
                path.substring(0, path.lastIndexOf('/') + 1),
                summary,
                tensors,
                predictors,
                text.map(FileTexts.FileText::text).orElse(null),
                text.isPresent() && text.get().isCut());
        return pages.page(HttpResponseStatus.OK, "blob", view);
    }

    /** Returns the frame of a page below a repository's first; of that itself where the part is empty. */
    private Frame frame(Request request, Commit commit, String part, Crumb... between) {
        RepoId repo = commit.repo();
        List<Crumb> crumbs = new ArrayList<>();
        if (!commit.family().isEmpty()) {
            crumbs.add(new Crumb(commit.family(), Links.family(commit.family())));
        }
        if (!part.isEmpty()) {
            crumbs.add(new Crumb(repo.toString(), Links.model(repo)));
        }
        crumbs.addAll(List.of(between));
        return frames.of(request, part.isEmpty() ? repo.toString() : part + " · " + repo, "", crumbs);
    }

    private static Views.Head head(Commit commit, String revision, String tab) {
        return new Views.Head(commit.repo(), revision, commit, Catalog.shareOf(List.of(commit)), tab);
    }

    private static Views.FileRow row(RepoId repo, String revision, CommitFile file) {
        return new Views.FileRow(
                file, Links.blob(repo, revision, file.path()), Links.resolve(repo, revision, file.path()));
    }

    private static List<Views.Ref> refs(RepoId repo, Map<String, String> refs) {
        return refs.entrySet().stream()
                .limit(REFS)
                .map(ref -> new Views.Ref(ref.getKey(), ref.getValue(), Links.card(repo, ref.getKey())))
                .toList();
    }
}
