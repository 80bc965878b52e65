package io.weightspan.server.web;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.RepoId;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the templates are given; each record is the parameter of the template of its name. */
final class Views {

    private Views() {}

    /** What every page is made of. */
    interface Page {

        /** Returns what stands around the content. */
        Frame frame();
    }

    /**
     * A repository in a list.
     *
     * @param head the state that is listed
     * @param share what it takes by itself
     */
    record Model(Commit head, Share share) {

        static Model of(Commit head) {
            return new Model(head, Catalog.shareOf(List.of(head)));
        }

        String name() {
            return head.repo().toString();
        }

        String link() {
            return Links.model(head.repo());
        }
    }

    /** The first page. */
    record Home(
            Frame frame, Share share, int families, List<Catalog.Family> largest, Sheet<Model> models,
            int unreadable) implements Page {}

    /** The list of all families. */
    record Families(Frame frame, Sheet<Catalog.Family> families) implements Page {}

    /** What a search found. */
    record Search(Frame frame, String query, List<Catalog.Family> families, Sheet<Model> models) implements Page {}

    /** A family's page. */
    record Family(Frame frame, String name, Share share, Sheet<Model> members, FamilyReport report) implements Page {}

    /**
     * What all pages of a repository begin with.
     *
     * @param repo the repository
     * @param revision as the visitor named it
     * @param commit what that is
     * @param share what the commit takes
     * @param tab which page it is: {@code card}, {@code files} or {@code history}
     */
    record Head(RepoId repo, String revision, Commit commit, Share share, String tab) {

        String cardLink() {
            return revision.equals("main") ? Links.model(repo) : Links.card(repo, revision);
        }

        String filesLink() {
            return Links.tree(repo, revision);
        }

        String historyLink() {
            return Links.commits(repo, revision);
        }

        String familyLink() {
            return Links.family(commit.family());
        }

        /** Whether the revision is the commit's id already. */
        boolean isCommit() {
            return commit.id().startsWith(revision);
        }
    }

    /**
     * A repository's first page.
     *
     * @param access what the visitor may do with it
     */
    record Card(
            Frame frame, Head head, Access access, @Nullable Readme readme, List<Snippet> snippets,
            @Nullable StoredPicture picture) implements Page {}

    /**
     * What visitors may do with a model.
     *
     * @param isOpen whether this one sees what is in its files
     * @param isOpenToAll whether somebody without a token does
     */
    record Access(boolean isOpen, boolean isOpenToAll) {}

    /** A file in a list. */
    record FileRow(CommitFile file, String link, String download) {

        Share share() {
            return new Share(file.storedSize(), file.size());
        }

        String kind() {
            return file.kind().name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A repository's files.
     *
     * @param folder the folder whose files are listed, with a slash at its end; empty for all
     */
    record Files(Frame frame, Head head, String folder, Sheet<FileRow> files) implements Page {}

    /** A branch or a tag. */
    record Ref(String name, String commit, String link) {}

    /** A commit in a list. */
    record CommitRow(Commit commit, String link) {}

    /**
     * A repository's history, its branches and tags.
     *
     * @param more how many refs are not shown
     */
    record History(
            Frame frame, Head head, Sheet<CommitRow> commits, List<Ref> branches, List<Ref> tags,
            int more) implements Page {}

    /**
     * A file's page.
     *
     * @param isOpen whether the visitor sees what is in the file
     * @param file the file
     * @param folder what stands before its name in its path, with a slash at its end
     * @param summary what its record tells; null for a plain file
     * @param tensors a page of its tensors
     * @param text what it says, where that is text; null elsewhere
     * @param isCut whether the text goes on
     */
    record Blob(
            Frame frame,
            Head head,
            boolean isOpen,
            FileRow file,
            String folder,
            @Nullable RecordSummary summary,
            @Nullable Sheet<RecordSummary.Tensor> tensors,
            List<PredictorRow> predictors,
            @Nullable String text,
            boolean isCut) implements Page {

        String name() {
            return file.file().path().substring(folder.length());
        }
    }

    /**
     * Where people sign in.
     *
     * @param next where they go then
     * @param isRefused whether a token wasn't one
     */
    record Login(Frame frame, String next, boolean isRefused) implements Page {}

    /** What a browser gets instead of what it asked for. */
    record Refusal(Frame frame, int status, String reason, String message, String id) implements Page {

        /** Returns whether somebody who signs in may be answered otherwise. */
        boolean dependsOnVisitor() {
            return status == HttpResponseStatus.UNAUTHORIZED.code() || status == HttpResponseStatus.NOT_FOUND.code();
        }
    }
}
