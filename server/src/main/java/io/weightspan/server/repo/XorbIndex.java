package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which objects are the xorbs that a repository was sent (store-layout.md, {@code xet}). Stateless but for its store;
 * safe for several threads and processes.
 */
public final class XorbIndex {

    static final String XORBS = "xet/";
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
     * @param file the object
     * @return whether there was none of that name
     * @throws IOException if the store can't be read or written
     */
    public boolean note(RepoId repo, Digest hash, Fingerprint file) throws IOException {
        String key = XORBS + repo + "/" + hash.hex();
        String text = file.sha256().hex() + " " + System.currentTimeMillis() + "\n";
        while (true) {
            @Nullable
            String before = store.value(key).orElse(null);
            if (store.compareAndSet(key, before, text)) {
                return before == null;
            }
        }
    }

    /**
     * Finds a xorb.
     *
     * @return the object that holds it, which may be gone; empty where the repository was sent none of that name
     * @throws IOException if the store can't be read
     */
    public Optional<Digest> find(RepoId repo, Digest hash) throws IOException {
        return store.value(XORBS + repo + "/" + hash.hex())
                .map(VALUE::matcher)
                .filter(Matcher::matches)
                .map(found -> Digest.of(found.group(1)));
    }
}
