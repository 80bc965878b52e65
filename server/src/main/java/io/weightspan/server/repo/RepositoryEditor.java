package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Makes, changes, moves and deletes repositories, their branches and tags.
 *
 * <p>Each change of a branch or tag takes place at one moment, by compare-and-set of its ref; of several at once, each
 * is made upon the one before or refused. Deleting takes away names only: what nothing refers to any more is left to
 * garbage collection. Safe for several threads and processes on one store.
 */
public final class RepositoryEditor {

    /** Others may move the same ref in between; more often than this in a row is no accident. */
    private static final int ATTEMPTS = 100;

    private static final String HEADS = "/heads/";

    private final Repositories repositories;
    private final ObjectStore store;
    private final PendingFiles pending;

    /**
     * Edits the repositories of a store.
     *
     * @param repositories the repositories, whose store is written
     */
    public RepositoryEditor(Repositories repositories) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.store = repositories.store();
        this.pending = new PendingFiles(store, InstantSource.system());
    }

    /**
     * Makes a repository with a branch {@code main} without files.
     *
     * @param repo its name
     * @param settings who may see it
     * @param author who makes it
     * @return its first commit
     * @throws ExistsException if it is there already
     * @throws IOException if the store can't be read or written
     */
    public Commit create(RepoId repo, RepoSettings settings, String author) throws IOException {
        if (repositories.exists(repo)) {
            throw new ExistsException("there is a repository " + repo + " already");
        }
        // The settings come first: a private repository must not be seen for a moment.
        repositories.changeSettings(repo, before -> settings);
        try (StoreSession session = store.openSession()) {
            byte[] bytes = CommitCodec.encode(
                    draft(repo, Optional.empty(), author, "Create " + repo.name(), "", List.of()));
            Digest object = session.put(bytes).digest();
            String key = Repositories.branchKey(repo, RefName.MAIN);
            if (!store.compareAndSet(key, null, Repositories.refText(object))) {
                throw new ExistsException("there is a repository " + repo + " already");
            }
            return CommitCodec.decode(object, bytes);
        }
    }

    /**
     * Deletes a repository: its branches, tags and settings.
     *
     * @throws RepoNotFoundException if there is no such repository
     * @throws IOException if the store can't be read or written; some branches may be gone then
     */
    public void delete(RepoId repo) throws IOException {
        if (!repositories.exists(repo)) {
            throw new RepoNotFoundException(repo);
        }
        for (String key : refKeys(repo)) {
            change(key, before -> null);
        }
        new Uploads(repositories).move(repo, null);
        repositories.forgetSettings(repo);
    }

    /**
     * Gives a repository another name. Its commits keep their ids.
     *
     * @param from its name
     * @param to its new name
     * @throws RepoNotFoundException if there is no such repository
     * @throws ExistsException if there is one of the new name
     * @throws IOException if the store can't be read or written; the repository then has its old name, or both
     */
    public void move(RepoId from, RepoId to) throws IOException {
        if (!repositories.exists(from)) {
            throw new RepoNotFoundException(from);
        }
        if (repositories.exists(to)) {
            throw new ExistsException("there is a repository " + to + " already");
        }
        RepoSettings settings = repositories.settings(from).renamed(from);
        repositories.changeSettings(to, before -> settings);
        new Uploads(repositories).move(from, to);
        String prefix = Repositories.prefix(from);
        for (String key : refKeys(from)) {
            moveRef(key, Repositories.prefix(to) + key.substring(prefix.length()));
        }
        repositories.forgetSettings(from);
    }

    /**
     * Changes the settings of a repository.
     *
     * @return the settings as they are now
     * @throws RepoNotFoundException if there is no such repository
     * @throws IOException if the store can't be read or written
     */
    public RepoSettings settings(RepoId repo, UnaryOperator<RepoSettings> change) throws IOException {
        if (!repositories.exists(repo)) {
            throw new RepoNotFoundException(repo);
        }
        return repositories.changeSettings(repo, change);
    }

    /**
     * Makes a branch.
     *
     * @param from the commit that it points at
     * @throws InvalidNameException if the name can't be one
     * @throws ExistsException if there is one of that name
     * @throws IOException if the store can't be read or written
     */
    public void createBranch(RepoId repo, String branch, Commit from) throws IOException {
        createRef(Repositories.branchKey(repo, RefName.check(branch)), from, "branch " + branch);
    }

    /**
     * Makes a tag.
     *
     * @param at the commit that it points at
     * @throws InvalidNameException if the name can't be one
     * @throws ExistsException if there is one of that name
     * @throws IOException if the store can't be read or written
     */
    public void createTag(RepoId repo, String tag, Commit at) throws IOException {
        createRef(Repositories.tagKey(repo, RefName.check(tag)), at, "tag " + tag);
    }

    /**
     * Deletes a branch; {@code main} can't be.
     *
     * @throws RevisionNotFoundException if there is none of that name
     * @throws RefusedEditException if it is {@code main}
     * @throws IOException if the store can't be read or written
     */
    public void deleteBranch(RepoId repo, String branch) throws IOException {
        if (branch.equals(RefName.MAIN)) {
            throw new RefusedEditException("branch main can't be deleted; delete the repository");
        }
        deleteRef(repo, branch, RefName.isValid(branch) ? Repositories.branchKey(repo, branch) : null);
    }

    /**
     * Deletes a tag.
     *
     * @throws RevisionNotFoundException if there is none of that name
     * @throws IOException if the store can't be read or written
     */
    public void deleteTag(RepoId repo, String tag) throws IOException {
        deleteRef(repo, tag, RefName.isValid(tag) ? Repositories.tagKey(repo, tag) : null);
    }

    /**
     * Makes a commit of a change and points the branch at it.
     *
     * @param session a session that has put every object that the change names, or has found it there
     * @param edit the change
     * @param family the family that the commit says; empty keeps that of the commit before
     * @return the commit, which the branch pointed at when this returned, or the one before where nothing changes
     * @throws RepoNotFoundException if there is no such repository
     * @throws RevisionNotFoundException if it has no such branch
     * @throws StaleParentException if the branch points at another commit than the change says
     * @throws RefusedEditException if a path names a file and a folder, or isn't there to delete
     * @throws IOException if the store can't be read or written
     */
    public Commit commit(StoreSession session, CommitEdit edit, String family) throws IOException {
        String key = Repositories.branchKey(edit.repo(), edit.branch());
        ObjectKeeper keeper = new ObjectKeeper(store, session);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Commit head = requireHead(edit.repo(), edit.branch());
            String expected = edit.parent().orElse("");
            if (!head.object().hex().startsWith(expected)) {
                throw new StaleParentException(edit.branch(), head.id(), expected);
            }
            List<CommitFile> files = FileChanges.apply(head, edit.changes());
            String named = family.isEmpty() ? head.family() : family;
            if (contents(files).equals(contents(head.files())) && named.equals(head.family())) {
                return head;
            }
            List<CommitFile> fresh = new ArrayList<>(files);
            fresh.removeAll(head.files());
            keeper.keep(fresh);
            // Before, so that no crash comes between; and after, since who takes it before finds no such commit.
            enqueue(edit.repo(), fresh);
            byte[] bytes = CommitCodec.encode(draft(
                    edit.repo(), Optional.of(head.object()), edit.author(), edit.message(), named, files));
            Digest object = session.put(bytes).digest();
            if (store.compareAndSet(key, Repositories.refText(head.object()), Repositories.refText(object))) {
                enqueue(edit.repo(), fresh);
                return CommitCodec.decode(object, bytes);
            }
        }
        throw unsteady(edit.repo(), edit.branch());
    }

    /**
     * Puts one commit in the place of a branch's history. What only that reached is garbage then.
     *
     * @param author who does it
     * @param message why
     * @return the commit, which has the files that the branch had
     * @throws RepoNotFoundException if there is no such repository
     * @throws RevisionNotFoundException if it has no such branch
     * @throws IOException if the store can't be read or written
     */
    public Commit squash(RepoId repo, String branch, String author, String message) throws IOException {
        String key = Repositories.branchKey(repo, branch);
        try (StoreSession session = store.openSession()) {
            ObjectKeeper keeper = new ObjectKeeper(store, session);
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                Commit head = requireHead(repo, branch);
                byte[] bytes = CommitCodec.encode(
                        draft(repo, Optional.empty(), author, message, head.family(), head.files()));
                Digest object = session.put(bytes).digest();
                keeper.keep(head.files());
                if (store.compareAndSet(key, Repositories.refText(head.object()), Repositories.refText(object))) {
                    return CommitCodec.decode(object, bytes);
                }
            }
        }
        throw unsteady(repo, branch);
    }

    private Commit requireHead(RepoId repo, String branch) throws IOException {
        Commit head = repositories.head(repo, branch).orElse(null);
        if (head == null) {
            throw repositories.exists(repo)
                    ? new RevisionNotFoundException(repo, branch, "no branch has that name")
                    : new RepoNotFoundException(repo);
        }
        return head;
    }

    private static IOException unsteady(RepoId repo, String branch) {
        return new IOException("branch " + branch + " of " + repo + " is being changed by others all the time");
    }

    private void enqueue(RepoId repo, List<CommitFile> files) throws IOException {
        for (CommitFile file : files) {
            if (EncodingIndex.isCandidate(file)) {
                pending.add(repo, file.sha256());
            }
        }
    }

    /** What the files are, however they are stored. */
    private static List<String> contents(List<CommitFile> files) {
        return files.stream().map(file -> file.sha256().hex() + file.path()).toList();
    }

    private static CommitCodec.Draft draft(
            RepoId repo,
            Optional<Digest> parent,
            String author,
            String message,
            String family,
            List<CommitFile> files) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        return new CommitCodec.Draft(repo, parent, author, message, now, family, files);
    }

    private void createRef(String key, Commit commit, String what) throws IOException {
        try (StoreSession session = store.openSession()) {
            session.keep(commit.object());
            new ObjectKeeper(store, session).keep(commit.files());
            if (!store.compareAndSet(key, null, Repositories.refText(commit.object()))) {
                throw new ExistsException("there is a " + what + " already");
            }
        }
    }

    private void deleteRef(RepoId repo, String name, @Nullable String key) throws IOException {
        if (!repositories.exists(repo)) {
            throw new RepoNotFoundException(repo);
        }
        if (key == null || store.value(key).isEmpty()) {
            throw new RevisionNotFoundException(repo, name, "nothing has that name");
        }
        change(key, before -> null);
    }

    /** Copies a ref and takes the old one away, again where it has been moved in between. */
    private void moveRef(String from, String to) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            @Nullable
            String text = store.value(from).orElse(null);
            change(to, before -> text);
            if (text == null || store.compareAndSet(from, text, null)) {
                return;
            }
        }
        throw new IOException("ref " + from + " is being changed by others all the time");
    }

    private void change(String key, UnaryOperator<@Nullable String> change) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            @Nullable
            String before = store.value(key).orElse(null);
            if (store.compareAndSet(key, before, change.apply(before))) {
                return;
            }
        }
        throw new IOException("ref " + key + " is being changed by others all the time");
    }

    /** The tags first: a repository is there as long as it has a branch. */
    private List<String> refKeys(RepoId repo) throws IOException {
        List<String> keys = new ArrayList<>(store.keys(Repositories.prefix(repo)));
        keys.sort((a, b) -> Boolean.compare(a.contains(HEADS), b.contains(HEADS)));
        return keys;
    }
}
