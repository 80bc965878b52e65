package io.weightspan.server.metrics;

import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CorruptStoreException;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.StoredBytes;
import java.io.IOException;

/**
 * What the heads of a store's repositories hold, private ones included.
 *
 * @param repositories how many there are
 * @param files how many files their default branches have
 * @param bytes what the files have
 * @param storedBytes what the objects have that the files are in, and what several share, each counted once
 */
record StoreSums(long repositories, long files, long bytes, long storedBytes) {

    /**
     * Adds up a store; a repository that is damaged counts as one without files, and verify tells of it.
     *
     * @throws IOException if the store can't be read
     */
    static StoreSums of(Repositories repositories) throws IOException {
        StoredBytes stored = new StoredBytes();
        long count = 0;
        long files = 0;
        long bytes = 0;
        for (RepoId repo : repositories.list()) {
            count++;
            Commit head;
            try {
                head = repositories.head(repo);
            } catch (CorruptStoreException e) {
                continue;
            }
            files += head.files().size();
            bytes += head.size();
            stored.add(head);
        }
        return new StoreSums(count, files, bytes, stored.total());
    }
}
