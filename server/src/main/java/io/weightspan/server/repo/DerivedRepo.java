package io.weightspan.server.repo;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Progress;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A repository that is made of others: a folder in the store's scratch space that is filled and then packed. Closing it
 * deletes the folder. For one thread.
 */
final class DerivedRepo implements Closeable {

    private final ObjectStore store;
    private final StoreSession session;
    private final Path folder;

    private DerivedRepo(ObjectStore store, StoreSession session) throws IOException {
        this.store = store;
        this.session = session;
        folder = Files.createDirectory(session.newFile());
    }

    /**
     * What it is to become.
     *
     * @param to the repository
     * @param family the family
     * @param message what it was made of
     * @param author who made it
     * @param jobs how many threads work
     * @param coding how true and how small it is stored
     * @param force whether a repository that differs is to get a new commit
     */
    record Target(
            RepoId to, String family, String message, String author, int jobs, PackCoding coding, boolean force) {}

    /** Makes an empty folder. */
    static DerivedRepo create(ObjectStore store) throws IOException {
        StoreSession session = store.openSession();
        try {
            return new DerivedRepo(store, session);
        } catch (IOException | RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /** Returns where a file goes, with its folder made. */
    Path file(String path) throws IOException {
        Path file = folder.resolve(RepoPath.check(path));
        Path parent = file.getParent();
        Files.createDirectories(parent == null ? folder : parent);
        return file;
    }

    /** Copies the files of a commit that are no weights in safetensors. */
    void copyOthers(Commit from, int jobs) throws IOException {
        List<CommitFile> others = from.files().stream()
                .filter(file -> !FileTypes.isSafetensors(file.path()))
                .toList();
        Commit some = new Commit(
                from.object(),
                from.repo(),
                from.parent(),
                from.author(),
                from.message(),
                from.time(),
                from.family(),
                others);
        new Unpacker(store)
                .unpack(some, Unpacker.View.STORED, folder, Unpacker.Overwrite.REFUSE, jobs, Progress.NONE);
    }

    /**
     * Packs the folder.
     *
     * @throws RefusedException if the repository is there with other files and {@code force} is not set
     * @throws IOException if it can't be packed; the repository is as it was before
     */
    PackedRepo pack(Target target, Optional<Commit> base, PackListener listener) throws IOException {
        if (!target.force()) {
            checkFree(target);
        }
        PackRequest request = new PackRequest(
                List.of(new PackFolder(target.to(), folder, target.family())),
                Optional.empty(),
                base,
                target.author(),
                target.jobs(),
                target.coding(),
                target.message());
        return new Packer(store).pack(request, listener).getFirst();
    }

    private void checkFree(Target target) throws IOException {
        Optional<Commit> head = new Repositories(store).head(target.to(), RefName.MAIN);
        if (head.isEmpty()) {
            return;
        }
        Map<String, Digest> digests = new HashMap<>();
        for (FolderScanner.Found found : FolderScanner.scan(folder)) {
            digests.put(found.path(), Fingerprint.of(found.file()).sha256());
        }
        Map<String, Digest> packed = head.get().files().stream()
                .collect(Collectors.toMap(
                        CommitFile::path, target.coding().isExact() ? CommitFile::sha256 : CommitFile::packed));
        if (!head.get().family().equals(target.family()) || !packed.equals(digests)) {
            throw new RefusedException("repository " + target.to() + " is there already and has other files;"
                    + " name another, or add a commit to it with --force");
        }
    }

    @Override
    public void close() throws IOException {
        session.close();
    }
}
