package io.weightspan.server.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Opens the store that a person has named: a folder, or a bucket ({@code s3://bucket/prefix}). */
public final class Stores {

    private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*)://.*");

    private Stores() {}

    /**
     * Opens a store that is there.
     *
     * @param location a folder, or a name of the form {@code SCHEME://...}
     * @return the store, which the caller closes
     * @throws NotAStoreException if there is no store of a kind and version that this program knows
     * @throws IOException if it can't be read
     */
    public static ObjectStore open(String location) throws IOException {
        Optional<StoreProvider> provider = provider(location);
        return provider.isPresent() ? provider.get().open(location) : FolderObjectStore.open(Path.of(location));
    }

    /**
     * Opens a store, or makes one where there is nothing yet.
     *
     * @param location a folder that is a store, is empty or isn't there, or a name of the form {@code SCHEME://...}
     * @return the store, which the caller closes
     * @throws NotAStoreException if something else is there
     * @throws IOException if it can't be read or written
     */
    public static ObjectStore openOrCreate(String location) throws IOException {
        Optional<StoreProvider> provider = provider(location);
        return provider.isPresent()
                ? provider.get().openOrCreate(location)
                : FolderObjectStore.openOrCreate(Path.of(location));
    }

    /** Returns who opens stores of the location's scheme, or empty where it has none and is a folder. */
    private static Optional<StoreProvider> provider(String location) throws NotAStoreException {
        Matcher matcher = SCHEME.matcher(location);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        for (StoreProvider provider : ServiceLoader.load(StoreProvider.class, Stores.class.getClassLoader())) {
            if (provider.scheme().equals(matcher.group(1))) {
                return Optional.of(provider);
            }
        }
        throw new NotAStoreException("there are no stores of the kind " + matcher.group(1)
                + "://; name a folder or s3://BUCKET/PREFIX instead of " + location);
    }
}
