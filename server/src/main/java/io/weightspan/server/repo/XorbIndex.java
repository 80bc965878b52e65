package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which objects are the xorbs that a repository was sent (store-layout.md, {@code xet}).
 *
 * <p>Clients remember for weeks which xorbs they have sent to an address, and don't send them there again. So the
 * address has the repository in it, and a generation, which is another once a xorb was removed. Stateless but for its
 * store; safe for several threads and processes.
 */
public final class XorbIndex {

    static final String XORBS = "xet/";
    private static final String GENERATION = "/generation";
    private static final Pattern VALUE = Pattern.compile("([0-9a-f]{64}) [0-9]{1,18}\n");

    private final ObjectStore store;

    /**
     * Looks into a store.
     *
     * @param store the store
     */
    public XorbIndex(ObjectStore store) {
        this.store = requireNonNull(store, "store is null");
    }

    /**
     * Remembers where a xorb is; one of the same name that was there before is forgotten.
     *
     * @param hash what its sender calls it
     * @param object the object that holds it
     * @return whether there was none of that name
     * @throws IOException if the store can't be read or written
     */
    public boolean note(RepoId repo, Digest hash, Digest object) throws IOException {
        String key = XORBS + repo + "/" + hash.hex();
        String text = object.hex() + " " + System.currentTimeMillis() + "\n";
        while (true) {
            @Nullable
            String before = store.value(key).orElse(null);
            if (store.compareAndSet(key, before, text)) {
                return before == null;
            }
        }
    }

    /**
     * Returns what stands for the time in which no xorb of a repository was removed.
     *
     * @return 16 hexadecimal digits
     * @throws IOException if the store can't be read or written
     */
    public String generation(RepoId repo) throws IOException {
        String key = XORBS + repo + GENERATION;
        Optional<String> text = store.value(key);
        if (text.isEmpty()) {
            String fresh = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
            store.compareAndSet(key, null, fresh + "\n");
            text = store.value(key);
        }
        return text.orElse("").strip();
    }

    /**
     * Forgets xorbs whose objects are gone, and begins a new generation of each repository that had one of them.
     *
     * @param deleted objects that were deleted
     * @param jobs how many threads work, at least 1
     * @throws IOException if the store can't be read or written
     */
    static void forget(ObjectStore store, Set<Digest> deleted, int jobs) throws IOException {
        Set<String> changed = ConcurrentHashMap.newKeySet();
        Workers.run(jobs, store.keys(XORBS), key -> {
            Optional<String> text = store.value(key);
            Optional<Digest> object = text.flatMap(XorbIndex::object);
            // A sender may have sent the same xorb again since.
            if (object.isPresent() && deleted.contains(object.get()) && !store.exists(object.get())) {
                store.compareAndSet(key, text.get(), null);
                changed.add(key.substring(0, key.lastIndexOf('/')) + GENERATION);
            }
        });
        for (String key : changed) {
            store.compareAndSet(key, store.value(key).orElse(null), null);
        }
    }

    /**
     * Finds a xorb.
     *
     * @return the object that holds it, which may be gone; empty where the repository was sent none of that name
     * @throws IOException if the store can't be read
     */
    public Optional<Digest> find(RepoId repo, Digest hash) throws IOException {
        return store.value(XORBS + repo + "/" + hash.hex()).flatMap(XorbIndex::object);
    }

    private static Optional<Digest> object(String text) {
        Matcher value = VALUE.matcher(text);
        return value.matches() ? Optional.of(Digest.of(value.group(1))) : Optional.empty();
    }
}
