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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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

    private static final String SENT = "uploads/";
    private static final String GIT = "lfs/";
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
     * Receives a file to its end and keeps it.
     *
     * @param session holds the object until a commit does
     * @param in the bytes
     * @param size how many they must be
     * @param sha256 what their SHA-256 must be
     * @return the file, an object of the store
     * @throws WrongContentException if they are more, fewer or others; nothing of them is kept then
     * @throws IOException if they can't be read, or the store can't be written
     */
    public Fingerprint receive(StoreSession session, InputStream in, long size, Digest sha256) throws IOException {
        return receive(session, in, size, Optional.of(sha256));
    }

    /**
     * Receives bytes of any SHA-256 to their end and keeps them.
     *
     * @param session holds the object until something else does
     * @param in the bytes
     * @param size how many they must be
     * @return what they are, an object of the store
     * @throws WrongContentException if they are more or fewer; nothing of them is kept then
     * @throws IOException if they can't be read, or the store can't be written
     */
    public Fingerprint receive(StoreSession session, InputStream in, long size) throws IOException {
        return receive(session, in, size, Optional.empty());
    }

    private static Fingerprint receive(StoreSession session, InputStream in, long size, Optional<Digest> sha256)
            throws IOException {
        Path file = session.newFile();
        boolean isWhole = false;
        try {
            Fingerprint arrived;
            try (OutputStream out = Files.newOutputStream(file)) {
                arrived = Fingerprint.copy(in, out, size);
            }
            check(arrived, size, sha256.orElse(arrived.sha256()));
            isWhole = true;
            session.take(file, arrived.sha256());
            return arrived;
        } finally {
            if (!isWhole) {
                Files.deleteIfExists(file);
            }
        }
    }

    /**
     * Keeps a file that has arrived.
     *
     * @param session holds the object until a commit does
     * @param file a file of the session, closed; whatever comes of this call, it is the store's to delete
     * @return the file, an object of the store
     * @throws IOException if the store can't be written
     */
    public Fingerprint take(StoreSession session, Path file) throws IOException {
        Fingerprint arrived = Fingerprint.of(file);
        session.take(file, arrived.sha256());
        return arrived;
    }

    /**
     * Returns a file that is an object of the store, byte for byte, as a commit has it.
     *
     * @param path {@link RepoPath its path in the repository}
     * @param file what it is
     * @throws InvalidNameException if the path breaks a rule
     */
    public static CommitFile plain(String path, Fingerprint file) {
        return new CommitFile(
                path, file.size(), file.sha256(), file.gitOid(), FileKind.PLAIN, file.sha256(), file.size());
    }

    /**
     * Remembers that a repository was sent a file.
     *
     * @param forGit whether a git repository elsewhere names it, so that it must be kept as long as this one is there
     * @throws IOException if the store can't be written
     */
    public void note(RepoId repo, Fingerprint file, boolean forGit) throws IOException {
        String key = key(forGit ? GIT : SENT, repo, file.sha256());
        String text = file.size() + " " + file.gitOid() + " " + System.currentTimeMillis() + "\n";
        boolean isSet = false;
        while (!isSet) {
            isSet = store.compareAndSet(key, store.value(key).orElse(null), text);
        }
    }

    /**
     * Finds a file that a commit of a repository may name.
     *
     * @param repo the repository
     * @param sha256 the file's SHA-256
     * @return the file as the store has it, where the repository was sent it or one of its commits has it
     * @throws IOException if the store can't be read
     */
    public Optional<CommitFile> find(RepoId repo, Digest sha256) throws IOException {
        Optional<Matcher> sent = sent(key(SENT, repo, sha256));
        if (sent.isEmpty()) {
            sent = sent(key(GIT, repo, sha256));
        }
        if (sent.isPresent()) {
            long size = Long.parseLong(sent.get().group(1));
            if (store.size(sha256).orElse(-1) == size) {
                return Optional.of(plain(sha256.hex(), new Fingerprint(size, sha256, sent.get().group(2))));
            }
        }
        for (Commit commit : repositories.reachable(repo)) {
            for (CommitFile file : commit.files()) {
                if (file.sha256().equals(sha256)) {
                    return Optional.of(file);
                }
            }
        }
        return Optional.empty();
    }

    /**
     * Returns whether a file is kept for a git repository elsewhere.
     *
     * @throws IOException if the store can't be read
     */
    public boolean isKeptForGit(RepoId repo, Digest sha256) throws IOException {
        return sent(key(GIT, repo, sha256)).isPresent() && store.exists(sha256);
    }

    /**
     * Adds the files that the repositories of a namespace were sent to those that their commits have.
     *
     * @param known sizes that were found before, for which no value is read again
     * @param sizes gets the size of each file, by its SHA-256
     * @throws IOException if the store can't be read
     */
    public static void addSent(
            ObjectStore store, String namespace, Map<Digest, Long> known, Map<Digest, Long> sizes)
            throws IOException {
        for (String prefix : List.of(GIT, SENT)) {
            for (String key : store.keys(prefix + namespace + "/")) {
                String name = key.substring(key.lastIndexOf('/') + 1);
                if (!Digest.isHex(name) || sizes.containsKey(Digest.of(name))) {
                    continue;
                }
                Digest sha256 = Digest.of(name);
                Long before = known.get(sha256);
                Optional<Long> size = before != null
                        ? Optional.of(before)
                        : store.value(key).map(VALUE::matcher).filter(Matcher::matches).map(
                                value -> Long.parseLong(value.group(1)));
                size.ifPresent(bytes -> sizes.put(sha256, bytes));
            }
        }
    }

    /** Returns the objects that are kept for git repositories elsewhere, by their keys. */
    static Map<String, Digest> keptForGit(ObjectStore store) throws IOException {
        Map<String, Digest> kept = new TreeMap<>();
        for (String key : store.keys(GIT)) {
            String name = key.substring(key.lastIndexOf('/') + 1);
            if (!Digest.isHex(name)) {
                throw new CorruptStoreException("the store has a value of an invalid name: " + key);
            }
            kept.put(key, Digest.of(name));
        }
        return kept;
    }

    /** Forgets what repositories were sent and is deleted, unless it was sent again since. */
    static void forget(ObjectStore store, Set<Digest> deleted, int jobs) throws IOException {
        Workers.run(jobs, store.keys(SENT), key -> {
            String name = key.substring(key.lastIndexOf('/') + 1);
            Optional<String> text = store.value(key);
            if (Digest.isHex(name) && deleted.contains(Digest.of(name)) && !store.exists(Digest.of(name))) {
                store.compareAndSet(key, text.orElse(null), null);
            }
        });
    }

    /** Gives what a repository was sent to another name of it, or with {@code null} forgets it. */
    void move(RepoId from, @Nullable RepoId to) throws IOException {
        for (String prefix : List.of(GIT, SENT, XorbIndex.XORBS)) {
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

    private static String key(String prefix, RepoId repo, Digest sha256) {
        return prefix + repo + "/" + sha256.hex();
    }

    private static void check(Fingerprint arrived, long size, Digest sha256) throws WrongContentException {
        if (arrived.size() > size) {
            throw new WrongContentException("more bytes arrive than the " + size + " there may be");
        }
        if (arrived.size() < size) {
            throw new WrongContentException(arrived.size() + " bytes arrived of " + size + " that were announced");
        }
        if (!arrived.sha256().equals(sha256)) {
            throw new WrongContentException("the bytes have SHA-256 " + arrived.sha256().hex() + ", not "
                    + sha256.hex() + " as announced");
        }
    }
}
