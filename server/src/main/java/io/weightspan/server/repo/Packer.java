package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Packs folders into repositories of a store.
 *
 * <p>Everything is checked before anything is stored, every record is decoded again before it counts, and branches move
 * only when all objects are durable: then all of them or none. A pack that fails takes away what it has added; one that
 * is killed leaves objects that nothing refers to, which the next pack of the same files uses or {@link
 * GarbageCollector} removes. Safe for several threads
 * and processes on one store.
 */
public final class Packer {

    private final ObjectStore store;

    /**
     * Packs into a store.
     *
     * @param store the store, which stays the caller's to close
     */
    public Packer(ObjectStore store) {
        this.store = requireNonNull(store, "store is null");
    }

    /**
     * Packs folders, the base first.
     *
     * @param request what to pack
     * @param listener hears how it goes on
     * @return what has become of each folder: the base's first, where one is given, then the members in their order
     * @throws NothingToPackException if a folder isn't there or has no files
     * @throws UnsafeFileException if a folder has a link out of it, or something of an unsafe name or kind
     * @throws ContainerException if a {@code .safetensors} file isn't one, naming it, the tensor and the offset
     * @throws FileChangedException if a file changes meanwhile
     * @throws IOException if a folder can't be read or the store can't be written; in this and all other cases every
     *     branch is as it was before
     */
    public List<PackedRepo> pack(PackRequest request, PackListener listener) throws IOException {
        List<FolderPlan> plans = FolderPlan.of(foldersOf(request), request.jobs(), listener);
        Leftovers leftovers = new Leftovers(store);
        StoreSession session = store.openSession();
        List<PackedRepo> packed;
        try {
            packed = new PackRun(store, session, leftovers, request, listener).pack(plans);
        } catch (IOException | RuntimeException e) {
            takeAway(session, leftovers, e);
            throw e;
        } catch (InternalError e) {
            // This is how Java tells that a mapped file has become shorter.
            IOException cut = new IOException("a file was cut off while it was being packed; pack again", e);
            takeAway(session, leftovers, cut);
            throw cut;
        }
        session.close();
        return packed;
    }

    /** Returns the folders in the order of packing: the base is there once, and first. */
    private static List<PackFolder> foldersOf(PackRequest request) {
        List<PackFolder> folders = new ArrayList<>();
        request.baseFolder().ifPresent(folders::add);
        for (PackFolder member : request.members()) {
            if (folders.isEmpty() || !folders.getFirst().repo().equals(member.repo())) {
                folders.add(member);
            }
        }
        return folders;
    }

    private static void takeAway(StoreSession session, Leftovers leftovers, Exception failure) {
        try {
            session.close();
            leftovers.delete(session.added());
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
