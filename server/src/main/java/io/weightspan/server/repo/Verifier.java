package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.RecordDecoder;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decodes everything that repositories hold, in every commit that a branch or tag reaches, and compares it with the
 * digests that were stored when it was packed. Changes nothing.
 */
public final class Verifier {

    private static final int SLICE = 8 << 20;

    private final ObjectStore store;
    private final Repositories repositories;
    private final StoredFiles files;

    /**
     * Verifies a store.
     *
     * @param store the store, which stays the caller's to close
     */
    public Verifier(ObjectStore store) {
        this.store = requireNonNull(store, "store is null");
        this.repositories = new Repositories(store);
        this.files = new StoredFiles(store);
    }

    /**
     * Something that doesn't verify.
     *
     * @param repo the repository
     * @param commit the commit's id; empty where no commit could be read
     * @param path the file; empty where no commit could be read
     * @param failure what was found
     */
    public record Failure(RepoId repo, Optional<String> commit, Optional<String> path, IOException failure) {

        /**
         * Tells whether the data is bad, or the store couldn't be read.
         *
         * @return whether the data is bad
         */
        public boolean isBadData() {
            return failure instanceof ContainerException || failure instanceof CorruptStoreException;
        }
    }

    /**
     * What was found.
     *
     * @param repos repositories looked at
     * @param files files looked at; one that several commits have, as the same object, is counted once
     * @param bytes bytes of those files
     * @param failures what doesn't verify, by repository and path
     */
    public record Report(int repos, int files, long bytes, List<Failure> failures) {

        /** Copies the list. */
        public Report {
            failures = List.copyOf(failures);
        }
    }

    /** A distinct file and one place where it is. */
    private record Place(RepoId repo, Commit commit, CommitFile file) {}

    /** What tells two stored files apart. */
    private record Key(Digest object, Digest file, long size, String gitOid, FileKind kind) {}

    /**
     * Verifies repositories.
     *
     * @param repos which
     * @param jobs how many files at once, at least 1
     * @param listener hears how it goes on
     * @return what was found
     * @throws RepoNotFoundException if there is no such repository
     * @throws IOException if the store's refs can't be listed
     */
    public Report verify(List<RepoId> repos, int jobs, PackListener listener) throws IOException {
        List<Failure> failures = Collections.synchronizedList(new ArrayList<>());
        List<Place> places = new ArrayList<>();
        Set<Key> seen = new HashSet<>();
        for (RepoId repo : repos) {
            if (!repositories.exists(repo)) {
                throw new RepoNotFoundException(repo);
            }
            try {
                for (Commit commit : repositories.reachable(repo)) {
                    for (CommitFile file : commit.files()) {
                        if (seen.add(new Key(file.object(), file.sha256(), file.size(), file.gitOid(), file.kind()))) {
                            places.add(new Place(repo, commit, file));
                        }
                    }
                }
            } catch (IOException e) {
                failures.add(new Failure(repo, Optional.empty(), Optional.empty(), e));
            }
        }
        long bytes = places.stream().mapToLong(place -> place.file().size()).sum();
        Progress progress = listener.begins("verifying", bytes);
        Workers.run(jobs, places, place -> {
            try {
                check(place.file(), progress);
            } catch (IOException e) {
                failures.add(new Failure(
                        place.repo(), Optional.of(place.commit().id()), Optional.of(place.file().path()), e));
            }
        });
        List<Failure> sorted = new ArrayList<>(failures);
        sorted.sort(Comparator.comparing(Failure::repo).thenComparing(f -> f.path().orElse("")));
        return new Report(repos.size(), places.size(), bytes, sorted);
    }

    private void check(CommitFile file, Progress progress) throws IOException {
        checkStored(file);
        switch (file.kind()) {
            case PLAIN -> progress.advance(file.size());
            case RECORD -> {
                try (RecordDecoder decoder = files.openRecord(file, Verification.FULL)) {
                    if (!decoder.fileDigest().equals(file.sha256()) || decoder.length() != file.size()) {
                        throw new CorruptStoreException(
                                "object " + file.object().hex() + " is the record of another file");
                    }
                    decoder.verify(progress);
                }
            }
        }
    }

    /** Compares the stored bytes with the object's name (ST-OBJ-003); for a plain file these are its own. */
    private void checkStored(CommitFile file) throws IOException {
        try (ByteSource source = store.open(file.object())) {
            if (source.size() != file.storedSize()) {
                throw new CorruptStoreException("object " + file.object().hex() + " has " + source.size()
                        + " bytes instead of " + file.storedSize());
            }
            MessageDigest hash = Digest.newHash();
            MessageDigest git = Fingerprint.gitHash(file.size());
            for (long at = 0; at < source.size(); at += SLICE) {
                MemorySegment slice = source.read(at, Math.min(SLICE, source.size() - at));
                Digest.update(hash, slice);
                if (file.kind() == FileKind.PLAIN) {
                    Digest.update(git, slice);
                }
            }
            if (!Digest.finish(hash).equals(file.object())) {
                throw new CorruptStoreException("object " + file.object().hex() + " has another SHA-256");
            }
            // Of a record's file clients see the SHA-256 alone, which decoding compares.
            boolean named = file.kind() != FileKind.PLAIN
                    || HexFormat.of().formatHex(git.digest()).equals(file.gitOid());
            if (!named) {
                throw new CorruptStoreException("the commit names another git_oid than that of the file's bytes");
            }
        } catch (ObjectNotFoundException e) {
            throw new CorruptStoreException("object " + file.object().hex() + " is missing", e);
        }
    }
}
