package io.weightspan.server.metrics;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.CorruptStoreException;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.SharedObject;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

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
        Set<Digest> seen = new HashSet<>();
        long count = 0;
        long files = 0;
        long bytes = 0;
        long stored = 0;
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
            for (CommitFile file : head.files()) {
                stored += seen.add(file.object()) ? file.storedSize() : 0;
            }
            for (SharedObject shared : head.shared()) {
                stored += seen.add(shared.object()) ? shared.size() : 0;
            }
        }
        return new StoreSums(count, files, bytes, stored);
    }
}
