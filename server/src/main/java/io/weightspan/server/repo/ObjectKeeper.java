package io.weightspan.server.repo;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.format.v1.Dependency;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Sees to it that garbage collections spare all that a ref is about to reach (ST-GC-005). For one thread.
 */
final class ObjectKeeper {

    private final ObjectStore store;
    private final StoreSession session;
    private final StoredFiles files;
    private final EncodingIndex encodings;

    /** What records need, which never changes; whether it is there must be asked again for each ref. */
    private final Map<Digest, List<Dependency>> needs = new HashMap<>();

    ObjectKeeper(ObjectStore store, StoreSession session) {
        this.store = store;
        this.session = session;
        this.files = new StoredFiles(store);
        this.encodings = new EncodingIndex(store);
    }

    /**
     * Keeps the objects that files are in and all that those need. To be called right before a ref is pointed at a
     * commit of the files: what this has kept is spared for the time of grace and no longer.
     *
     * @throws ObjectNotFoundException if one is gone
     * @throws ContainerException if a record is damaged
     * @throws IOException if the store can't be read or written
     */
    void keep(List<CommitFile> committed) throws IOException {
        Set<Digest> kept = new HashSet<>();
        Set<Digest> followed = new HashSet<>();
        for (CommitFile file : committed) {
            if (!EncodingIndex.isCandidate(file) || !keepEncoded(file, kept, followed)) {
                keep(file, kept, followed);
            }
        }
    }

    private void keep(CommitFile file, Set<Digest> kept, Set<Digest> followed) throws IOException {
        keep(file.object(), kept);
        for (SharedObject shared : file.shared()) {
            keep(shared.object(), kept);
        }
        if (file.kind() == FileKind.RECORD) {
            keepNeeds(file.object(), file.sha256(), kept, followed);
        }
    }

    /** Keeps the record that readers find in a plain file's place, or else sees to it that they find the plain file. */
    private boolean keepEncoded(CommitFile file, Set<Digest> kept, Set<Digest> followed) throws IOException {
        Optional<CommitFile> record = encodings.find(file.sha256());
        if (record.isEmpty()) {
            return false;
        }
        try {
            keep(record.get(), kept, followed);
            return true;
        } catch (ObjectNotFoundException e) {
            // Nothing had reached the file for a time of grace, so a collection has deleted the record, or part of it.
            encodings.forget(record.get());
            return false;
        } catch (ContainerException e) {
            // The file has come again, so that what is damaged can be done without.
            if (!session.keep(file.object())) {
                throw e;
            }
            encodings.forget(record.get());
            return false;
        }
    }

    private void keep(Digest object, Set<Digest> kept) throws IOException {
        if (!kept.contains(object)) {
            if (!session.keep(object)) {
                throw new ObjectNotFoundException(store.location(), object);
            }
            kept.add(object);
        }
    }

    /** Keeps what a record that is kept needs. */
    private void keepNeeds(Digest object, Digest file, Set<Digest> kept, Set<Digest> followed) throws IOException {
        if (!followed.add(object)) {
            return;
        }
        List<Dependency> needed = needs.get(object);
        if (needed == null) {
            needed = files.needed(object, file);
            needs.put(object, needed);
        }
        for (Dependency dependency : needed) {
            Digest next = Digest.of(dependency.getObjectSha256());
            keep(next, kept);
            keepNeeds(next, Digest.of(dependency.getFileSha256()), kept, followed);
        }
    }
}
