package io.weightspan.server.repo;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Commits as they are stored now: with the records that files were encoded into after the commits had named them as
 * plain files. Remembers what {@link EncodingIndex} says for as long as ST-ENC-007 allows. Safe for several threads.
 */
final class Encodings {

    /** Shorter than the least grace of a collection, which is what a plain object has left once there is a record. */
    private static final Duration ABSENT_TIME = Duration.ofMinutes(1);

    /** A record is forgotten only after nothing has reached it for a time of grace. */
    private static final Duration FOUND_TIME = Duration.ofMinutes(5);

    private static final long CACHED = 100_000;

    private final EncodingIndex index;
    private final Cache<Digest, CommitFile> found =
            Caffeine.newBuilder().maximumSize(CACHED).expireAfterWrite(FOUND_TIME).build();
    private final Cache<Digest, Boolean> absent =
            Caffeine.newBuilder().maximumSize(CACHED).expireAfterWrite(ABSENT_TIME).build();

    Encodings(ObjectStore store) {
        this.index = new EncodingIndex(store);
    }

    /**
     * Returns a commit as it is stored now: with records in the place of plain files that were encoded since.
     *
     * @throws CorruptStoreException if what is said of a file is damaged
     * @throws IOException if the store can't be read
     */
    Commit resolve(Commit commit) throws IOException {
        if (commit.files().stream().noneMatch(EncodingIndex::isCandidate)) {
            return commit;
        }
        List<CommitFile> files = new ArrayList<>(commit.files().size());
        for (CommitFile file : commit.files()) {
            Optional<CommitFile> record = EncodingIndex.isCandidate(file) ? find(file.sha256()) : Optional.empty();
            files.add(record.map(one -> one.at(file.path())).orElse(file));
        }
        return commit.with(files);
    }

    private Optional<CommitFile> find(Digest sha256) throws IOException {
        CommitFile known = found.getIfPresent(sha256);
        if (known == null && absent.getIfPresent(sha256) == null) {
            Optional<CommitFile> now = index.find(sha256);
            now.ifPresentOrElse(file -> found.put(sha256, file), () -> absent.put(sha256, true));
            return now;
        }
        return Optional.ofNullable(known);
    }

    /**
     * Says that a file is in a record, unless that was said of another one.
     *
     * @param file the record, kept in this session with all that it needs
     * @return whether readers find this record from now on
     * @throws IOException if the store can't be written
     */
    boolean set(CommitFile file) throws IOException {
        boolean isSet = index.set(file);
        absent.invalidate(file.sha256());
        return isSet;
    }
}
