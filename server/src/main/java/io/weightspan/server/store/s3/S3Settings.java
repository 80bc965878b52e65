package io.weightspan.server.store.s3;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What can be chosen about stores in buckets. Credentials, region and endpoint are not here: the SDK reads them from
 * the usual variables and profiles.
 *
 * @param pathStyle whether the bucket's name goes into the path of a URL rather than into the host's name; empty to do
 *     so where an endpoint has been named
 * @param cache the folder of blocks that were read
 * @param cacheBytes the most bytes in that folder; 0 keeps none on the disk
 * @param scratch the folder for files that are being prepared; empty for one of this user's in the system's temporary
 *     folder
 * @param socketTimeout how long a connection may be silent before a call counts as failed
 * @param authorities a PEM file of the certificates to trust, in place of the machine's; empty for those
 * @param partBytes the length of a part of a long object's upload, at least 5 MiB; shorter objects are sent whole
 */
record S3Settings(
        Optional<Boolean> pathStyle,
        Path cache,
        long cacheBytes,
        Optional<Path> scratch,
        Duration socketTimeout,
        Optional<Path> authorities,
        int partBytes) {

    /** Where variables are looked up. */
    @FunctionalInterface
    interface Variables {

        /** Returns a variable's value, or null where it isn't set. */
        @Nullable
        String value(String name);
    }

    private static final long DEFAULT_CACHE_MB = 10_240;
    private static final long MAX_CACHE_MB = Long.MAX_VALUE >> 20;
    private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(30);

    /** Four of these at once fill a fast network, and few objects have so many that parts must be longer. */
    private static final int PART_BYTES = 16 << 20;

    S3Settings {
        requireNonNull(pathStyle, "pathStyle is null");
        requireNonNull(cache, "cache is null");
        requireNonNull(scratch, "scratch is null");
        requireNonNull(socketTimeout, "socketTimeout is null");
        requireNonNull(authorities, "authorities is null");
    }

    /**
     * Reads the settings from variables.
     *
     * @param variables where they are looked up
     * @throws IllegalArgumentException if a value is not of its form; the message names the variable
     */
    static S3Settings of(Variables variables) {
        return new S3Settings(
                value(variables, "WEIGHTSPAN_S3_PATH_STYLE").map(S3Settings::parseBoolean),
                value(variables, "WEIGHTSPAN_CACHE_DIR").map(Path::of).orElseGet(() -> defaultCache(variables)),
                value(variables, "WEIGHTSPAN_CACHE_MB").map(S3Settings::parseMegabytes).orElse(DEFAULT_CACHE_MB) << 20,
                value(variables, "WEIGHTSPAN_SCRATCH_DIR").map(Path::of),
                SOCKET_TIMEOUT,
                value(variables, "AWS_CA_BUNDLE").map(Path::of),
                PART_BYTES);
    }

    private static Path defaultCache(Variables variables) {
        Path caches = value(variables, "XDG_CACHE_HOME")
                .map(Path::of)
                .filter(Path::isAbsolute) // as the XDG base directory specification demands
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"));
        return caches.resolve("weightspan").resolve("blocks");
    }

    private static Optional<String> value(Variables variables, String name) {
        return Optional.ofNullable(variables.value(name)).filter(value -> !value.isBlank());
    }

    private static boolean parseBoolean(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw new IllegalArgumentException(
                    "WEIGHTSPAN_S3_PATH_STYLE must be true or false, not " + text);
        };
    }

    private static long parseMegabytes(String text) {
        try {
            long megabytes = Long.parseLong(text.strip());
            if (megabytes >= 0 && megabytes <= MAX_CACHE_MB) {
                return megabytes;
            }
        } catch (NumberFormatException e) {
            throw notMegabytes(text, e);
        }
        throw notMegabytes(text, null);
    }

    private static IllegalArgumentException notMegabytes(String text, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                "WEIGHTSPAN_CACHE_MB must be a whole number of mebibytes, at least 0, not " + text, cause);
    }
}
