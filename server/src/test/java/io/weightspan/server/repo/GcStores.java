package io.weightspan.server.repo;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.GcMarks;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What tests of garbage collection do to a store, with a clock that they set forward. */
final class GcStores {

    static final Duration GRACE = Duration.ofHours(24);

    private final ObjectStore store;
    private Duration ahead = Duration.ZERO;

    GcStores(ObjectStore store) {
        this.store = store;
    }

    /** Lets time pass for garbage collections. */
    void pass(Duration time) {
        ahead = ahead.plus(time);
    }

    GarbageCollector.Report gc() throws IOException {
        return gc(store, GRACE, false);
    }

    GarbageCollector.Report dryRun() throws IOException {
        return gc(store, GRACE, true);
    }

    GarbageCollector.Report gc(ObjectStore through, Duration grace, boolean dryRun) throws IOException {
        return new GarbageCollector(through, () -> Instant.now().plus(ahead))
                .run(new GarbageCollector.Request(grace, dryRun, 1), PackListener.NONE);
    }

    /** Marks what is unreachable, lets the grace pass, and deletes. */
    GarbageCollector.Report gcTwice() throws IOException {
        gc();
        pass(GRACE.plusMinutes(1));
        return gc();
    }

    Commit pack(Path model, Optional<Commit> base) throws IOException {
        return pack(store, PackCoding.EXACT, base, List.of(model)).getFirst();
    }

    static List<Commit> pack(ObjectStore through, PackCoding coding, Optional<Commit> base, List<Path> models)
            throws IOException {
        List<PackFolder> folders = models.stream()
                .map(model -> new PackFolder(RepoId.of("models/" + model.getFileName()), model, "models"))
                .toList();
        PackRequest request = new PackRequest(folders, Optional.empty(), base, "me", 1, coding, "");
        return new Packer(through).pack(request, PackListener.NONE).stream().map(PackedRepo::commit).toList();
    }

    /** Removes a repository's branches and tags. */
    void deleteRepo(RepoId repo) throws IOException {
        for (String key : store.keys("refs/" + repo + "/")) {
            store.compareAndSet(key, store.value(key).orElseThrow(), null);
        }
    }

    void tag(Commit commit, String name) throws IOException {
        String key = Repositories.tagKey(commit.repo(), name);
        store.compareAndSet(key, store.value(key).orElse(null), Repositories.refText(commit.object()));
    }

    Set<Digest> objects() throws IOException {
        try (Stream<Digest> digests = store.list("")) {
            return new TreeSet<>(digests.toList());
        }
    }

    long bytes() throws IOException {
        long bytes = 0;
        for (Digest object : objects()) {
            bytes += store.size(object).orElseThrow();
        }
        return bytes;
    }

    List<Digest> marked() throws IOException {
        return new GcMarks(store).objects();
    }

    List<String> hints() throws IOException {
        return new FileIndex(store).keys();
    }

    List<Verifier.Failure> failures() throws IOException {
        return new Verifier(store).verify(new Repositories(store).list(), 1, PackListener.NONE).failures();
    }
}
