package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.client.cache.ObjectCache;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link HubClient} works. Immutable.
 *
 * @param cacheDirectory where objects are kept; created if it is not there
 * @param cacheLimit bytes that objects may take in the cache after each fetch, at least 0
 * @param connectTimeout how long to wait for a connection
 * @param readTimeout how long to wait for an answer, and for more bytes of one
 * @param retries how often to repeat a request that fails for a reason that may pass, at least 0
 * @param downloads how many objects to get at once, at least 1
 * @param token sent as a bearer token with every request to the server; null for none
 * @param authorities a PEM file of the certificates that are trusted; null for those that Java trusts
 */
public record HubOptions(Path cacheDirectory, long cacheLimit, Duration connectTimeout, Duration readTimeout,
        int retries, int downloads, @Nullable String token, @Nullable Path authorities) {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(30);
    private static final int RETRIES = 5;
    private static final int DOWNLOADS = 4;
    private static final int MAX_RETRIES = 100;
    private static final int MAX_DOWNLOADS = 256;

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if one is out of its range
     */
    public HubOptions {
        requireNonNull(cacheDirectory, "cacheDirectory is null");
        if (cacheLimit < 0) {
            throw new IllegalArgumentException("negative cache limit: " + cacheLimit);
        }
        if (!isPositive(connectTimeout) || !isPositive(readTimeout)) {
            throw new IllegalArgumentException("a timeout must be positive");
        }
        if (retries < 0 || retries > MAX_RETRIES) {
            throw new IllegalArgumentException("retries must be 0 to " + MAX_RETRIES + ": " + retries);
        }
        if (downloads < 1 || downloads > MAX_DOWNLOADS) {
            throw new IllegalArgumentException("downloads must be 1 to " + MAX_DOWNLOADS + ": " + downloads);
        }
        if (token != null && (token.isBlank() || token.chars().anyMatch(c -> c <= ' ' || c >= 0x7F))) {
            throw new IllegalArgumentException("a token is printable ASCII without spaces");
        }
    }

    private static boolean isPositive(Duration duration) {
        return !duration.isNegative() && !duration.isZero();
    }

    /**
     * Returns the options that the command line uses unless told otherwise: the default cache without a limit, 10 s to
     * connect, 30 s to wait for bytes, 5 retries, 4 downloads at once, no token.
     */
    public static HubOptions defaults() {
        return new HubOptions(ObjectCache.defaultDirectory(), Long.MAX_VALUE, CONNECT_TIMEOUT, READ_TIMEOUT, RETRIES,
                DOWNLOADS, null, null);
    }

    /** Returns these options with another cache directory. */
    public HubOptions withCacheDirectory(Path directory) {
        return new HubOptions(directory, cacheLimit, connectTimeout, readTimeout, retries, downloads, token,
                authorities);
    }

    /** Returns these options with another limit of the cache, in bytes. */
    public HubOptions withCacheLimit(long bytes) {
        return new HubOptions(cacheDirectory, bytes, connectTimeout, readTimeout, retries, downloads, token,
                authorities);
    }

    /** Returns these options with other timeouts. */
    public HubOptions withTimeouts(Duration connect, Duration read) {
        return new HubOptions(cacheDirectory, cacheLimit, connect, read, retries, downloads, token, authorities);
    }

    /** Returns these options with another number of retries. */
    public HubOptions withRetries(int count) {
        return new HubOptions(cacheDirectory, cacheLimit, connectTimeout, readTimeout, count, downloads, token,
                authorities);
    }

    /** Returns these options with another number of downloads at once. */
    public HubOptions withDownloads(int count) {
        return new HubOptions(cacheDirectory, cacheLimit, connectTimeout, readTimeout, retries, count, token,
                authorities);
    }

    /** Returns these options with a token, or without one. */
    public HubOptions withToken(@Nullable String newToken) {
        return new HubOptions(cacheDirectory, cacheLimit, connectTimeout, readTimeout, retries, downloads, newToken,
                authorities);
    }

    /** Returns these options with a file of the certificates to trust, or with those that Java trusts. */
    public HubOptions withAuthorities(@Nullable Path file) {
        return new HubOptions(cacheDirectory, cacheLimit, connectTimeout, readTimeout, retries, downloads, token, file);
    }

    /** Returns the options without the token, which must not end up in a log. */
    @Override
    public String toString() {
        return "HubOptions[cacheDirectory=" + cacheDirectory + ", cacheLimit=" + cacheLimit + ", connectTimeout="
                + connectTimeout + ", readTimeout=" + readTimeout + ", retries=" + retries + ", downloads="
                + downloads + ", token=" + (token == null ? "none" : "set") + ", authorities=" + authorities + "]";
    }
}
