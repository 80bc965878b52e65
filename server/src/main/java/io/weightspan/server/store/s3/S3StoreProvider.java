package io.weightspan.server.store.s3;

import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreProvider;
import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Opens stores in buckets, with the settings that variables of the environment or system properties make: the property
 * {@code weightspan.cache.dir} says the same as the variable {@code WEIGHTSPAN_CACHE_DIR} and goes before it.
 */
public final class S3StoreProvider implements StoreProvider {

    /** Creates the provider; {@link java.util.ServiceLoader} does. */
    public S3StoreProvider() {}

    @Override
    public String scheme() {
        return S3Location.SCHEME;
    }

    @Override
    public ObjectStore open(String location) throws IOException {
        return S3ObjectStore.open(S3Location.parse(location), settings());
    }

    @Override
    public ObjectStore openOrCreate(String location) throws IOException {
        return S3ObjectStore.openOrCreate(S3Location.parse(location), settings());
    }

    private static S3Settings settings() throws IOException {
        try {
            return S3Settings.of(S3StoreProvider::variable);
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static @Nullable String variable(String name) {
        String property = System.getProperty(name.toLowerCase(Locale.ROOT).replace('_', '.'));
        return property != null ? property : System.getenv(name);
    }
}
