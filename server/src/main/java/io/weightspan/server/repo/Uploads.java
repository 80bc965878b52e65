package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Files on their way into a repository: received and kept as objects, until a commit names them.
 *
 * <p>A repository's commit may name a file only if that repository has it or was sent it (ST-UPL-001): who knows the
 * SHA-256 of a file must not get its bytes by it. Stateless but for its store; safe for several threads and processes.
 */
public final class Uploads {

    private static final int PIECE = 1 << 17;
    private static final String SENT = "uploads/";
    private static final String GIT = "lfs/";
    private static final Pattern OBJECT = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern VALUE = Pattern.compile("([0-9]{1,18}) ([0-9a-f]{40}) [0-9]{1,18}\n");

    private final Repositories repositories;
    private final ObjectStore store;

    /**
     * Receives files into a store.
     *
     * @param repositories the repositories, whose store is written
     */
    public Uploads(Repositories repositories) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.store = repositories.store();
    }

    /**
     * What is known of a file before it arrives.
     *
     * @param size its bytes
     * @param sha256 their SHA-256
     * @param most bytes that are taken at most
     */
    public record Announced(OptionalLong size, Optional<Digest> sha256, long most) {

        /** Nothing but how much is taken. */
        public static Announced nothing(long most) {
            return new Announced(OptionalLong.empty(), Optional.empty(), most);
        }

        /** All there is to know. */
        public static Announced of(long size, Digest sha256) {
            return new Announced(OptionalLong.of(size), Optional.of(sha256), size);
        }
    }

    /**
     * Receives a file to its end and keeps it.
     *
     * @param session holds the object until a commit does
     * @param in the bytes
     * @param announced what they must be
     * @return the file, an object of the store
     * @throws WrongContentException if they are more, fewer or others; nothing of them is kept then
     * @throws IOException if they can't be read, or the store can't be written
     */
    public Blob receive(StoreSession session, InputStream in, Announced announced) throws IOException {
        Path file = session.newFile();
        boolean kept = false;
        try {
            Blob blob = write(in, file, announced);
            kept = true;
            session.take(file, blob.sha256());
            return blob;
        } finally {
            if (!kept) {
                Files.deleteIfExists(file);
            }
        }
    }

    /**
     * Remembers that a repository was sent a file.
     *
     * @throws IOException if the store can't be written
     */
    public void note(RepoId repo, Blob blob) throws IOException {
        note(repo, blob, false);
    }

    /**
     * Remembers that a repository was sent a file.
     *
     * @param forGit whether a git repository elsewhere names it, so that it must be kept as long as this one is there
     * @throws IOException if the store can't be written
     */
    public void note(RepoId repo, Blob blob, boolean forGit) throws IOException {
        String key = forGit ? GIT + repo + "/" + blob.sha256().hex() : key(repo, blob.sha256());
        String text = blob.size() + " " + blob.gitOid() + " " + System.currentTimeMillis() + "\n";
        @Nullable
        String before = store.value(key).orElse(null);
        // Whoever else sets it at the same time was sent the same file.
        store.compareAndSet(key, before, text);
    }

    /**
     * Finds a file that a commit of a repository may name.
     *
     * @param repo the repository
     * @param sha256 the file's SHA-256
     * @return the file, where the repository was sent it and the store still has it, or one of its commits has it
     * @throws IOException if the store can't be read
     */
    public Optional<Found> find(RepoId repo, Digest sha256) throws IOException {
        Optional<Matcher> sent = sent(key(repo, sha256));
        if (sent.isEmpty()) {
            sent = sent(GIT + repo + "/" + sha256.hex());
        }
        if (sent.isPresent()) {
            long size = Long.parseLong(sent.get().group(1));
            if (store.size(sha256).orElse(-1) == size) {
                return Optional.of(new Found(new Blob(size, sha256, sent.get().group(2)), Optional.empty()));
            }
        }
        for (Commit commit : repositories.reachable(repo)) {
            for (CommitFile file : commit.files()) {
                if (file.sha256().equals(sha256)) {
                    return Optional.of(new Found(
                            new Blob(file.size(), sha256, file.gitOid()),
                            Optional.of(new CommitEdit.Copy(file.path(), file.path(), commit.id()))));
                }
            }
        }
        return Optional.empty();
    }

    /**
     * A file that a commit may name.
     *
     * @param blob the file
     * @param committed where a commit has it, which may keep it in another form than byte for byte
     */
    public record Found(Blob blob, Optional<CommitEdit.Copy> committed) {

        /** Returns the change that puts the file at a path. */
        public CommitEdit.Change at(String path) {
            return committed.isPresent()
                    ? new CommitEdit.Copy(path, committed.get().from(), committed.get().revision())
                    : new CommitEdit.Put(path, blob.size(), blob.sha256(), blob.gitOid());
        }
    }

    /**
     * Finds a file for reading.
     *
     * @return the file as it is stored, where {@link #find} finds it
     * @throws IOException if the store can't be read
     */
    public Optional<CommitFile> file(RepoId repo, Digest sha256) throws IOException {
        Optional<Found> found = find(repo, sha256);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        if (found.get().committed().isPresent()) {
            CommitEdit.Copy at = found.get().committed().get();
            return Optional.of(repositories.resolve(repo, at.revision()).file(at.from()));
        }
        Blob blob = found.get().blob();
        return Optional.of(new CommitFile(
                sha256.hex(), blob.size(), sha256, blob.gitOid(), FileKind.PLAIN, sha256, blob.size()));
    }

    /**
     * Returns whether a file is kept for a git repository elsewhere.
     *
     * @throws IOException if the store can't be read
     */
    public boolean isKeptForGit(RepoId repo, Digest sha256) throws IOException {
        return sent(GIT + repo + "/" + sha256.hex()).isPresent() && store.exists(sha256);
    }

    /** Returns the objects that are kept for git repositories elsewhere, by their keys. */
    static Map<String, Digest> keptForGit(ObjectStore store) throws IOException {
        Map<String, Digest> kept = new TreeMap<>();
        for (String key : store.keys(GIT)) {
            String name = key.substring(key.lastIndexOf('/') + 1);
            if (!OBJECT.matcher(name).matches()) {
                throw new CorruptStoreException("the store has a value of an invalid name: " + key);
            }
            kept.put(key, Digest.of(name));
        }
        return kept;
    }

    /** Gives what a repository was sent to another name of it, or with {@code null} forgets it. */
    void move(RepoId from, @Nullable RepoId to) throws IOException {
        for (String prefix : List.of(GIT, SENT)) {
            for (String key : store.keys(prefix + from + "/")) {
                Optional<String> text = store.value(key);
                if (to != null && text.isPresent()) {
                    store.compareAndSet(prefix + to + key.substring((prefix + from).length()), null, text.get());
                }
                store.compareAndSet(key, text.orElse(null), null);
            }
        }
    }

    private Optional<Matcher> sent(String key) throws IOException {
        return store.value(key).map(VALUE::matcher).filter(Matcher::matches);
    }

    private static String key(RepoId repo, Digest sha256) {
        return SENT + repo + "/" + sha256.hex();
    }

    private static Blob write(InputStream in, Path file, Announced announced) throws IOException {
        MessageDigest sha256 = Digest.newHash();
        @Nullable
        MessageDigest sha1 = announced.size().isPresent() ? Fingerprint.gitHash(announced.size().getAsLong()) : null;
        long size = 0;
        byte[] piece = new byte[PIECE];
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                size += n;
                if (size > announced.most() || size > announced.size().orElse(Long.MAX_VALUE)) {
                    throw new WrongContentException("more bytes arrive than the "
                            + announced.size().orElse(announced.most()) + " there may be");
                }
                sha256.update(piece, 0, n);
                if (sha1 != null) {
                    sha1.update(piece, 0, n);
                }
                out.write(piece, 0, n);
            }
        }
        if (announced.size().isPresent() && size != announced.size().getAsLong()) {
            throw new WrongContentException(
                    size + " bytes arrived of " + announced.size().getAsLong() + " that were announced");
        }
        Digest digest = Digest.finish(sha256);
        if (announced.sha256().isPresent() && !announced.sha256().get().equals(digest)) {
            throw new WrongContentException("the bytes have SHA-256 " + digest.hex() + ", not "
                    + announced.sha256().get().hex() + " as announced");
        }
        String oid = sha1 == null ? Fingerprint.of(file).gitOid() : HexFormat.of().formatHex(sha1.digest());
        return new Blob(size, digest, oid);
    }
}
