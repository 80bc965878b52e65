package io.weightspan.server.repo;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Makes commits within one session and points branches at them: either at all of them, or, where one fails, at none.
 * For one thread.
 */
final class CommitWriter {

    /** Others may move the same branch in between; more often than this in a row is no accident. */
    private static final int ATTEMPTS = 20;

    private final ObjectStore store;
    private final Repositories repositories;
    private final StoreSession session;
    private final ObjectKeeper keeper;
    private final Deque<Moved> moved = new ArrayDeque<>();

    CommitWriter(Repositories repositories, StoreSession session) {
        this.store = repositories.store();
        this.repositories = repositories;
        this.session = session;
        this.keeper = new ObjectKeeper(store, session);
    }

    /**
     * What a commit is to hold, beside its place in the history.
     *
     * @param message why; empty for a message that tells of packing
     * @param asStored whether a commit of the same files that are stored in another way won't do
     */
    record Content(
            RepoId repo, String family, String author, String message, List<CommitFile> files, boolean asStored) {
        Content(RepoId repo, String family, String author, List<CommitFile> files) {
            this(repo, family, author, "", files, false);
        }
    }

    /** A ref that this writer has changed. */
    private record Moved(String key, @Nullable String before, String after) {}

    /**
     * Points a repository's main branch at a commit of these files, unless its head has the same files already.
     *
     * @throws ObjectNotFoundException if an object that the files need has been deleted meanwhile, by a garbage
     *     collection that grants less time than this took
     * @throws IOException if the store can't be written or the branch doesn't hold still
     */
    PackedRepo commit(Content content) throws IOException {
        String key = Repositories.branchKey(content.repo(), RefName.MAIN);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<Commit> head = repositories.head(content.repo(), RefName.MAIN);
            if (head.isPresent() && isKept(head.get(), content)) {
                return new PackedRepo(head.get(), false);
            }
            byte[] bytes = CommitCodec.encode(draft(content, head));
            Digest object = session.put(bytes).digest();
            keeper.keep(content.files());
            @Nullable
            String before = head.map(commit -> Repositories.refText(commit.object())).orElse(null);
            String after = Repositories.refText(object);
            if (store.compareAndSet(key, before, after)) {
                moved.push(new Moved(key, before, after));
                return new PackedRepo(CommitCodec.decode(object, bytes), true);
            }
        }
        throw new IOException("branch main of " + content.repo() + " is being changed by others all the time");
    }

    /**
     * Points every branch back at what it pointed at before, newest change first, unless others have moved it since.
     *
     * @param failure why; takes what fails on the way as suppressed
     */
    void undo(Throwable failure) {
        while (!moved.isEmpty()) {
            Moved last = moved.pop();
            try {
                store.compareAndSet(last.key(), last.after(), last.before());
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
    }

    /** Returns whether a commit is of the family and has these files, given by path: the same bytes, however stored. */
    static boolean isSame(Commit commit, String family, Map<String, Digest> files) {
        return commit.family().equals(family) && digests(commit.files()).equals(files);
    }

    /** Whether a commit has the content already, so that a repository that is packed again stays as it is. */
    private static boolean isKept(Commit commit, Content content) {
        return isSame(commit, content.family(), digests(content.files()))
                && (!content.asStored() || commit.files().equals(Commit.inOrder(content.files())));
    }

    private static Map<String, Digest> digests(List<CommitFile> files) {
        return files.stream().collect(Collectors.toMap(CommitFile::path, CommitFile::sha256));
    }

    private static CommitCodec.Draft draft(Content content, Optional<Commit> head) {
        String packed = head.isPresent() ? "Pack again" : "Pack " + content.repo().name();
        String message = content.message().isEmpty() ? packed : content.message();
        return new CommitCodec.Draft(
                content.repo(),
                head.map(Commit::object),
                content.author(),
                message,
                Instant.now().truncatedTo(ChronoUnit.MILLIS),
                content.family(),
                content.files());
    }
}
