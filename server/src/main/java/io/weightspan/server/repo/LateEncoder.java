package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * Encodes files that commits name as plain ones, with what the store has of their family, and has readers find the
 * records in their place. The plain objects are left to garbage collection. Safe for several threads and processes.
 */
public final class LateEncoder {

    /** A record must be smaller than this part of the file; else the file itself is quicker to serve. */
    private static final double WORTH_ENCODING = 0.98;

    private static final long PIECE = 1 << 20;

    private final Repositories repositories;
    private final ObjectStore store;
    private final FamilyMembers members;
    private final PendingFiles pending;

    /**
     * Encodes the files of repositories.
     *
     * @param repositories the repositories, whose store is written
     */
    public LateEncoder(Repositories repositories) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.store = repositories.store();
        this.members = new FamilyMembers(repositories);
        this.pending = new PendingFiles(store, InstantSource.system());
    }

    /** What has become of a file. */
    public enum Outcome {
        /** Readers find a record. */
        ENCODED,
        /** They did before. */
        ENCODED_BEFORE,
        /** It stays as it is: a record would be hardly smaller. */
        HARDLY_SMALLER,
        /** It stays as it is: it has the name of a safetensors file, but is none. */
        NO_WEIGHTS,
        /** It stays as it is: a git repository elsewhere names it, so that a record would only be more. */
        KEPT_FOR_GIT,
        /** No commit of the repository has it. */
        GONE,
        /** What it started from waits to be encoded itself. */
        TOO_EARLY
    }

    /**
     * Encodes a file.
     *
     * @param repo a repository that has it
     * @param sha256 its SHA-256
     * @param waits whether it may wait for what it started from
     * @param listener hears how it goes on; what it throws ends the work
     * @throws CorruptStoreException if something that is needed is damaged
     * @throws IOException if the store can't be read or written
     */
    public Outcome encode(RepoId repo, Digest sha256, boolean waits, PackListener listener) throws IOException {
        Optional<CommitFile> found = find(repo, sha256);
        if (found.isEmpty()) {
            return Outcome.GONE;
        }
        CommitFile file = found.get();
        if (file.kind() == FileKind.RECORD) {
            return Outcome.ENCODED_BEFORE;
        }
        if (new Uploads(repositories).isKeptForGit(repo, sha256)) {
            return Outcome.KEPT_FOR_GIT;
        }
        for (Digest unready : waits ? members.unready(repo) : List.<Digest>of()) {
            if (pending.contains(unready)) {
                return Outcome.TOO_EARLY;
            }
        }
        // What is left behind where this fails is garbage, which a collection finds at less cost than this would.
        try (StoreSession session = store.openSession()) {
            return encode(repo, file, new PackRun(store, session, new Leftovers(store), request(), listener), session);
        }
    }

    private static PackRequest request() {
        return new PackRequest(List.of(), Optional.empty(), Optional.empty(), "", 1);
    }

    private Optional<CommitFile> find(RepoId repo, Digest sha256) throws IOException {
        return repositories.reachable(repo).stream()
                .flatMap(commit -> commit.files().stream())
                .filter(file -> file.sha256().equals(sha256) && FileTypes.isSafetensors(file.path()))
                .findFirst();
    }

    private Outcome encode(RepoId repo, CommitFile file, PackRun run, StoreSession session)
            throws IOException {
        Path local = local(file, session);
        FamilyMembers.Family family;
        try (SafetensorsFile weights = SafetensorsFile.open(local)) {
            family = members.of(repo, file, weights.tensors());
        } catch (ContainerException e) {
            return Outcome.NO_WEIGHTS;
        }
        Fingerprint fingerprint = new Fingerprint(file.size(), file.sha256(), file.gitOid());
        FileStorer.Stored stored = run.store(new WeightJob(file.path(), local, fingerprint), family);
        if (stored.size() > WORTH_ENCODING * file.size()) {
            return Outcome.HARDLY_SMALLER;
        }
        CommitFile record = new CommitFile(
                file.path(),
                file.size(),
                file.sha256(),
                file.gitOid(),
                FileKind.RECORD,
                stored.object(),
                stored.size(),
                Optional.empty(),
                stored.shared(),
                stored.firstPart());
        new ObjectKeeper(store, session).keep(List.of(record));
        return repositories.encodings().set(record) ? Outcome.ENCODED : Outcome.ENCODED_BEFORE;
    }

    /** The file on this machine, from which encoding reads many times. */
    private Path local(CommitFile file, StoreSession session) throws IOException {
        Optional<Path> there = store.localFile(file.object());
        if (there.isPresent()) {
            return there.get();
        }
        Path copy = session.newFile();
        try (ByteSource source = store.open(file.object());
                OutputStream out = Files.newOutputStream(copy)) {
            for (long at = 0; at < source.size(); at += PIECE) {
                long length = Math.min(PIECE, source.size() - at);
                out.write(source.read(at, length).toArray(ValueLayout.JAVA_BYTE));
            }
        }
        return copy;
    }
}
