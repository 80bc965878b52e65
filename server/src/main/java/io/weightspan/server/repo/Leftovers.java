package io.weightspan.server.repo;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreCleaner;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What an ingest has put into a store and that nothing refers to if it fails. A killed ingest leaves it there; one that
 * fails takes it away again. Safe for several threads.
 */
final class Leftovers {

    private final ObjectStore store;

    /** Objects by the keys of the hints that name them. */
    private final Map<String, Digest> hints = new LinkedHashMap<>();

    Leftovers(ObjectStore store) {
        this.store = store;
    }

    /** Notes that a hint has been set. */
    synchronized void hinted(String key, Digest object) {
        hints.put(key, object);
    }

    /**
     * Deletes the objects that a failed ingest has added, unless something refers to them by now, and the hints to
     * them. Does nothing while another ingest is at work: that one may count on what it has found.
     *
     * @param added the objects; the session that added them is closed
     * @throws IOException if the store can't be read or written
     */
    synchronized void delete(List<Digest> added) throws IOException {
        if (added.isEmpty()) {
            return;
        }
        Optional<StoreCleaner> right = store.tryClean();
        if (right.isEmpty()) {
            return;
        }
        try (StoreCleaner cleaner = right.get()) {
            Set<Digest> kept = Reachability.of(store, 1, PackListener.NONE).objects();
            for (Map.Entry<String, Digest> hint : hints.entrySet()) {
                if (!kept.contains(hint.getValue())) {
                    new FileIndex(store).forget(hint.getKey(), hint.getValue());
                }
            }
            for (Digest object : added) {
                if (!kept.contains(object)) {
                    cleaner.delete(object);
                }
            }
        }
    }
}
