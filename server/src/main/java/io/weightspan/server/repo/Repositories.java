package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * The repositories of a store, for reading (store-layout.md). What it returns is what the store had at the moment of
 * the call; commits are immutable and cached by digest. Safe for several threads.
 */
public final class Repositories {

    private static final String REFS = "refs/";
    private static final String HEADS = "heads";
    private static final String TAGS = "tags";
    private static final Pattern ID_PREFIX = Pattern.compile("[0-9a-f]{7,64}");

    /** Bytes of commit objects kept parsed; a commit is a few hundred bytes a file. */
    private static final long CACHED_BYTES = 16L << 20;

    private final ObjectStore store;
    private final Encodings encodings;
    private final SettingsValues settings;

    private final Cache<Digest, Weighed> commits = Caffeine.newBuilder()
            .maximumWeight(CACHED_BYTES)
            .weigher((Digest digest, Weighed commit) -> commit.bytes())
            .build();

    /**
     * Reads the repositories of a store.
     *
     * @param store the store, which stays the caller's to close
     */
    public Repositories(ObjectStore store) {
        this.store = requireNonNull(store, "store is null");
        this.encodings = new Encodings(store);
        this.settings = new SettingsValues(store);
    }

    /**
     * Returns the store.
     *
     * @return the one given to the constructor
     */
    public ObjectStore store() {
        return store;
    }

    /** Returns the records that files were encoded into after commits had named them as plain ones. */
    Encodings encodings() {
        return encodings;
    }

    /**
     * Lists the repositories.
     *
     * @return those with a branch, in ascending order
     * @throws CorruptStoreException if the store has a ref that no repository can have
     * @throws IOException if the store can't be read
     */
    public List<RepoId> list() throws IOException {
        return listBelow(REFS);
    }

    /**
     * Lists the repositories of a namespace.
     *
     * @param namespace the namespace
     * @return those with a branch, in ascending order
     * @throws CorruptStoreException if the store has a ref that no repository can have
     * @throws IOException if the store can't be read
     */
    public List<RepoId> list(String namespace) throws IOException {
        return listBelow(REFS + namespace + "/");
    }

    private List<RepoId> listBelow(String prefix) throws IOException {
        Set<RepoId> found = new TreeSet<>();
        for (String key : store.keys(prefix)) {
            RefKey ref = RefKey.parse(key);
            if (ref.kind().equals(HEADS)) {
                found.add(ref.repo());
            }
        }
        return List.copyOf(found);
    }

    /**
     * Returns whether there is such a repository.
     *
     * @param repo the repository
     * @return whether it has a branch
     * @throws IOException if the store can't be read
     */
    public boolean exists(RepoId repo) throws IOException {
        return !store.keys(prefix(repo) + HEADS + "/").isEmpty();
    }

    /**
     * Lists the branches and tags of a repository.
     *
     * @param repo the repository
     * @return its refs; a ref that is changed meanwhile may be the old or the new one
     * @throws RepoNotFoundException if there is no such repository
     * @throws IOException if the store can't be read
     */
    public Refs refs(RepoId repo) throws IOException {
        SortedMap<String, String> branches = new TreeMap<>();
        SortedMap<String, String> tags = new TreeMap<>();
        for (String key : store.keys(prefix(repo))) {
            RefKey ref = RefKey.parse(key);
            Optional<Digest> target = target(key);
            if (target.isPresent()) {
                String id = target.get().hex().substring(0, Commit.ID_LENGTH);
                (ref.kind().equals(HEADS) ? branches : tags).put(ref.name(), id);
            }
        }
        if (branches.isEmpty()) {
            throw new RepoNotFoundException(repo);
        }
        return new Refs(branches, tags);
    }

    /**
     * Returns the branch that a client sees first.
     *
     * @param repo the repository
     * @return {@code main}, or the first by name where there is none of that name
     * @throws RepoNotFoundException if there is no such repository
     * @throws IOException if the store can't be read
     */
    public String defaultBranch(RepoId repo) throws IOException {
        return store.value(branchKey(repo, RefName.MAIN)).isPresent()
                ? RefName.MAIN
                : refs(repo).branches().firstKey();
    }

    /**
     * Returns the commit that a client sees first: that of the {@link #defaultBranch}.
     *
     * @param repo the repository
     * @return the commit
     * @throws RepoNotFoundException if there is no such repository
     * @throws CorruptStoreException if the ref or the commit is damaged or missing
     * @throws IOException if the store can't be read
     */
    public Commit head(RepoId repo) throws IOException {
        Optional<Commit> main = head(repo, RefName.MAIN);
        return main.isPresent() ? main.get() : resolve(repo, "refs/heads/" + defaultBranch(repo));
    }

    /**
     * Returns the commit that a branch points at.
     *
     * @param repo the repository
     * @param branch {@link RefName a valid name}
     * @return the commit, or empty where there is no such branch or repository
     * @throws CorruptStoreException if the ref or the commit is damaged or missing
     * @throws IOException if the store can't be read
     */
    public Optional<Commit> head(RepoId repo, String branch) throws IOException {
        return at(repo, branchKey(repo, branch));
    }

    /**
     * Finds the commit that a revision names.
     *
     * @param repo the repository
     * @param revision a branch, a tag, {@code refs/heads/BRANCH}, {@code refs/tags/TAG}, a commit id, or 7 or more of
     *     its first digits where no other commit of the repository begins with them; what comes first in this list wins
     * @return the commit, which is reachable from a branch or tag of the repository
     * @throws RepoNotFoundException if there is no such repository
     * @throws RevisionNotFoundException if the repository has no such revision
     * @throws CorruptStoreException if a ref or a commit on the way is damaged or missing
     * @throws IOException if the store can't be read
     */
    public Commit resolve(RepoId repo, String revision) throws IOException {
        requireNonNull(revision, "revision is null");
        Optional<Commit> named = named(repo, revision);
        if (named.isPresent()) {
            return named.get();
        }
        if (!exists(repo)) {
            throw new RepoNotFoundException(repo);
        }
        if (!ID_PREFIX.matcher(revision).matches()) {
            throw new RevisionNotFoundException(repo, revision, "no branch or tag has that name");
        }
        List<Commit> matching = new ArrayList<>();
        for (Commit commit : reachable(repo)) {
            if (commit.object().hex().startsWith(revision)) {
                matching.add(commit);
            }
        }
        if (matching.size() != 1) {
            String reason = matching.isEmpty() ? "no commit begins so" : "several commits begin so, give more digits";
            throw new RevisionNotFoundException(repo, revision, reason);
        }
        return matching.getFirst();
    }

    /**
     * Returns a commit and those before it.
     *
     * @param commit where to begin
     * @return the commit, its parent, and so on to the first
     * @throws CorruptStoreException if a commit on the way is damaged or missing
     * @throws IOException if the store can't be read
     */
    public List<Commit> history(Commit commit) throws IOException {
        List<Commit> history = new ArrayList<>();
        // A commit names its parent by digest, so there can be no loop.
        for (Commit at = commit;; at = load(at.repo(), at.parent().get())) {
            history.add(at);
            if (at.parent().isEmpty()) {
                return history;
            }
        }
    }

    /**
     * Returns every commit that a branch or tag of the repository reaches.
     *
     * @param repo the repository
     * @return the commits, each once, in no order; none where there is no such repository
     * @throws CorruptStoreException if a ref or a commit on the way is damaged or missing
     * @throws IOException if the store can't be read
     */
    public List<Commit> reachable(RepoId repo) throws IOException {
        Deque<Digest> open = new ArrayDeque<>();
        for (String key : store.keys(prefix(repo))) {
            target(key).ifPresent(open::add);
        }
        Set<Digest> seen = new HashSet<>();
        List<Commit> found = new ArrayList<>();
        while (!open.isEmpty()) {
            Digest next = open.pop();
            if (seen.add(next)) {
                Commit commit = load(repo, next);
                found.add(commit);
                commit.parent().ifPresent(open::push);
            }
        }
        return found;
    }

    /**
     * A commit that a ref points at.
     *
     * @param repo the repository
     * @param commit the commit's object
     */
    record Target(RepoId repo, Digest commit) {}

    /**
     * Returns what every branch and every tag points at, those of what is no repository for want of a branch included.
     *
     * @throws CorruptStoreException if the store has a ref of an invalid name or text
     * @throws IOException if the store can't be read
     */
    Set<Target> targets() throws IOException {
        Set<Target> targets = new LinkedHashSet<>();
        for (String key : store.keys(REFS)) {
            RepoId repo = RefKey.parse(key).repo();
            target(key).ifPresent(commit -> targets.add(new Target(repo, commit)));
        }
        return targets;
    }

    /**
     * Reads a commit by its object's name, whether or not a ref reaches it.
     *
     * @param repo the repository that it must belong to (ST-COM-004)
     * @param object the SHA-256 of its bytes
     * @return the commit; files that it names as plain ones and that were encoded since are the records that readers
     *     find in their place (ST-ENC-001)
     * @throws CorruptStoreException if it is missing, damaged or of another repository
     * @throws IOException if the store can't be read
     */
    public Commit load(RepoId repo, Digest object) throws IOException {
        Weighed cached = commits.getIfPresent(object);
        if (cached == null) {
            cached = read(object);
            commits.put(object, cached);
        }
        Commit commit = encodings.resolve(cached.commit());
        if (commit.repo().equals(repo)) {
            return commit;
        }
        if (!settings(repo).former().contains(commit.repo())) {
            throw new CorruptStoreException("commit " + object.hex() + " is of " + commit.repo() + ", not of " + repo);
        }
        return commit.of(repo);
    }

    /**
     * Returns what is kept about a repository beside its commits.
     *
     * @param repo the repository, which need not be there
     * @return its settings, as they were within the last seconds; the default where none were ever set
     * @throws CorruptStoreException if they are damaged
     * @throws IOException if the store can't be read
     */
    public RepoSettings settings(RepoId repo) throws IOException {
        return settings.get(repo);
    }

    /**
     * Lists the repositories that not everybody may read.
     *
     * @return those that are private or gated, in ascending order, as they were within the last seconds
     * @throws CorruptStoreException if settings are damaged, or of a name that none can have
     * @throws IOException if the store can't be read
     */
    public List<RepoId> restricted() throws IOException {
        return settings.restricted();
    }

    /** Changes what is kept about a repository, whether or not it is there. */
    RepoSettings changeSettings(RepoId repo, UnaryOperator<RepoSettings> change) throws IOException {
        return settings.change(repo, change);
    }

    /** Forgets what was kept about a repository that is gone. */
    void forgetSettings(RepoId repo) throws IOException {
        settings.remove(repo, () -> !exists(repo));
    }

    /** Returns what the keys of a repository's refs begin with. */
    static String prefix(RepoId repo) {
        return REFS + repo + "/";
    }

    /** Returns the key of a branch. */
    static String branchKey(RepoId repo, String branch) {
        return prefix(repo) + HEADS + "/" + RefName.toKeySegment(branch);
    }

    /** Returns the key of a tag. */
    static String tagKey(RepoId repo, String tag) {
        return prefix(repo) + TAGS + "/" + RefName.toKeySegment(tag);
    }

    /** Returns the text of a ref that points at a commit. */
    static String refText(Digest commit) {
        return commit.hex() + "\n";
    }

    private Optional<Commit> named(RepoId repo, String revision) throws IOException {
        String heads = "refs/heads/";
        String tags = "refs/tags/";
        if (RefName.isValid(revision)) {
            Optional<Commit> branch = at(repo, branchKey(repo, revision));
            Optional<Commit> found = branch.isPresent() ? branch : at(repo, tagKey(repo, revision));
            if (found.isPresent()) {
                return found;
            }
        }
        if (revision.startsWith(heads) && RefName.isValid(revision.substring(heads.length()))) {
            return at(repo, branchKey(repo, revision.substring(heads.length())));
        }
        if (revision.startsWith(tags) && RefName.isValid(revision.substring(tags.length()))) {
            return at(repo, tagKey(repo, revision.substring(tags.length())));
        }
        return Optional.empty();
    }

    private Optional<Commit> at(RepoId repo, String key) throws IOException {
        Optional<Digest> target = target(key);
        return target.isPresent() ? Optional.of(load(repo, target.get())) : Optional.empty();
    }

    private Optional<Digest> target(String key) throws IOException {
        Optional<String> text = store.value(key);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        String name = text.get().strip();
        if (!Digest.isHex(name)) {
            throw new CorruptStoreException("ref " + key + " does not hold the name of an object");
        }
        return Optional.of(Digest.of(name));
    }

    private Weighed read(Digest object) throws IOException {
        byte[] bytes;
        try (ByteSource source = store.open(object)) {
            if (source.size() > CommitCodec.MAX_BYTES) {
                throw new CorruptStoreException("commit " + object.hex() + " has " + source.size() + " bytes");
            }
            bytes = source.read(0, source.size()).toArray(ValueLayout.JAVA_BYTE);
        } catch (ObjectNotFoundException e) {
            throw new CorruptStoreException("commit " + object.hex() + " is missing", e);
        }
        if (!Digest.ofBytes(Digest.newHash().digest(bytes)).equals(object)) {
            throw new CorruptStoreException("commit " + object.hex() + " has another SHA-256");
        }
        return new Weighed(CommitCodec.decode(object, bytes), bytes.length);
    }

    /** A parsed commit and the length of its object, which stands for the memory that it takes. */
    private record Weighed(Commit commit, int bytes) {}

    /** A ref's key, taken apart. */
    private record RefKey(RepoId repo, String kind, String name) {

        static RefKey parse(String key) throws CorruptStoreException {
            String[] parts = key.split("/", -1);
            try {
                if (parts.length == 5 && (parts[3].equals(HEADS) || parts[3].equals(TAGS))) {
                    String name = RefName.check(RefName.ofKeySegment(parts[4]));
                    return new RefKey(new RepoId(parts[1], parts[2]), parts[3], name);
                }
            } catch (InvalidNameException e) {
                throw new CorruptStoreException("the store has a ref of an invalid name: " + e.getMessage(), e);
            }
            throw new CorruptStoreException("the store has a ref of an invalid name: " + key);
        }
    }
}
