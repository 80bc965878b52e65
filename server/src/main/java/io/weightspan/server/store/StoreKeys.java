package io.weightspan.server.store;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The form of the keys that values are stored under (ST-KEY-001): segments joined by slashes, each of 1 to 200 of the
 * characters {@code A-Z a-z 0-9 . _ % -}, none of them only dots, at most 1,000 characters in all, and the first of
 * them not one that a store uses for itself.
 */
public final class StoreKeys {

    private static final int FOLDER_DIGITS = 2;
    private static final int MAX_SEGMENT = 200;
    private static final int MAX_KEY = 1000;
    private static final Pattern HEX_PREFIX = Pattern.compile("[0-9a-f]{0,64}");
    private static final String EXTRA = "._%-";
    private static final Set<String> RESERVED = Set.of("objects", "tmp", "locks", "weightspan-store");

    private StoreKeys() {}

    /**
     * Checks a key.
     *
     * @return the key
     * @throws IllegalArgumentException if it is not valid; the message names it
     */
    public static String check(String key) {
        requireNonNull(key, "key is null");
        if (key.length() > MAX_KEY) {
            throw new IllegalArgumentException("store key of " + key.length() + " characters");
        }
        String[] segments = key.split("/", -1);
        for (String segment : segments) {
            if (!isSegment(segment)) {
                throw new IllegalArgumentException("not a store key: " + key);
            }
        }
        if (RESERVED.contains(segments[0])) {
            throw new IllegalArgumentException("store key begins with a reserved word: " + key);
        }
        return key;
    }

    /**
     * Returns the key of what is said of a digest: the prefix and its digits, the first two as a folder.
     *
     * @param prefix what the keys of this kind begin with, ending with a slash
     */
    public static String of(String prefix, Digest digest) {
        String hex = digest.hex();
        return prefix + hex.substring(0, FOLDER_DIGITS) + "/" + hex.substring(FOLDER_DIGITS);
    }

    /**
     * Returns the digest of a key that {@link #of} has made.
     *
     * @param prefix what the key begins with
     * @return the digest; empty where the key is of another form
     */
    public static Optional<Digest> digest(String prefix, String key) {
        String hex = key.substring(prefix.length()).replace("/", "");
        return Digest.isHex(hex) && of(prefix, Digest.of(hex)).equals(key)
                ? Optional.of(Digest.of(hex))
                : Optional.empty();
    }

    /**
     * Checks a prefix for {@link ObjectStore#keys}: a key followed by a slash.
     *
     * @return the prefix
     * @throws IllegalArgumentException if it is not valid; the message names it
     */
    public static String checkPrefix(String prefix) {
        requireNonNull(prefix, "prefix is null");
        if (!prefix.endsWith("/")) {
            throw new IllegalArgumentException("a prefix of store keys must end with a slash: " + prefix);
        }
        check(prefix.substring(0, prefix.length() - 1));
        return prefix;
    }

    /**
     * Checks a text that is to be set by {@link ObjectStore#compareAndSet}.
     *
     * @return its bytes in UTF-8
     * @throws IllegalArgumentException if it has more than {@link ObjectStore#MAX_VALUE_BYTES}
     */
    public static byte[] checkValue(String key, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > ObjectStore.MAX_VALUE_BYTES) {
            throw new IllegalArgumentException("value of " + bytes.length + " bytes for " + key);
        }
        return bytes;
    }

    /**
     * Checks a prefix for {@link ObjectStore#list}.
     *
     * @return the prefix
     * @throws IllegalArgumentException if it isn't 0 to 64 lower-case hexadecimal digits
     */
    public static String checkHexPrefix(String hexPrefix) {
        if (!HEX_PREFIX.matcher(hexPrefix).matches()) {
            throw new IllegalArgumentException("not a prefix of an object's name: " + hexPrefix);
        }
        return hexPrefix;
    }

    private static boolean isSegment(String segment) {
        if (segment.isEmpty() || segment.length() > MAX_SEGMENT || segment.chars().allMatch(c -> c == '.')) {
            return false;
        }
        return segment.chars().allMatch(StoreKeys::isKeyCharacter);
    }

    private static boolean isKeyCharacter(int c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || EXTRA.indexOf(c) >= 0;
    }
}
