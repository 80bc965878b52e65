package io.weightspan.server.web;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.RecordDecoder;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.StoredFiles;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;

/** The summaries of a store's records, kept while they fit: an object never changes. Thread-safe. */
final class RecordSummaries {

    private static final long CACHED_BYTES = 16L << 20;

    private final StoredFiles files;
    private final Cache<Digest, RecordSummary> known = Caffeine.newBuilder()
            .maximumWeight(CACHED_BYTES)
            .weigher((Digest object, RecordSummary summary) -> summary.weight())
            .build();

    /** Reads records of a store. */
    RecordSummaries(ObjectStore store) {
        this.files = new StoredFiles(store);
    }

    /**
     * Returns the summary of a file that is stored as a record.
     *
     * @throws IllegalArgumentException if the file is plain
     * @throws ContainerException if the record is damaged
     * @throws IOException if the store can't be read
     */
    RecordSummary of(CommitFile file) throws IOException {
        RecordSummary summary = known.getIfPresent(file.object());
        if (summary == null) {
            try (RecordDecoder decoder = files.openRecord(file, Verification.STRUCTURE)) {
                summary = RecordSummary.of(decoder);
            }
            known.put(file.object(), summary);
        }
        return summary;
    }
}
