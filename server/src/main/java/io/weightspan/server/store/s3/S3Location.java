package io.weightspan.server.store.s3;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.store.NotAStoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a store is: a bucket, and a prefix that the store's keys are below (ST-S3-002).
 *
 * @param bucket the bucket's name
 * @param prefix segments joined by slashes, without one at either end; empty for a bucket that is all store
 */
record S3Location(String bucket, String prefix) {

    /** What a location begins with. */
    static final String SCHEME = "s3";

    private static final int MAX_PREFIX_BYTES = 512;
    private static final int MAX_KEY_BYTES = 1024;
    private static final Pattern FORM = Pattern.compile("s3://([^/]*)(?:/(.*))?", Pattern.DOTALL);
    private static final Pattern BUCKET = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{2,62}");

    S3Location {
        requireNonNull(bucket, "bucket is null");
        requireNonNull(prefix, "prefix is null");
    }

    /**
     * Reads {@code s3://bucket/prefix}; a slash at the end makes no difference.
     *
     * @throws NotAStoreException if it is not of that form; the message says what is wrong
     */
    static S3Location parse(String text) throws NotAStoreException {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches() || !BUCKET.matcher(matcher.group(1)).matches()) {
            throw new NotAStoreException("not a store in a bucket: " + text
                    + "; write s3://BUCKET/PREFIX, the bucket's name of 3 to 63 letters, digits, dots and hyphens");
        }
        String prefix = matcher.group(2) == null ? "" : matcher.group(2);
        if (prefix.endsWith("/")) {
            prefix = prefix.substring(0, prefix.length() - 1);
        }
        if (!prefix.isEmpty() && !isPrefix(prefix)) {
            throw new NotAStoreException("not a store in a bucket: " + text
                    + "; the prefix after the bucket must be names joined by single slashes, none of them . or ..,"
                    + " without control characters, of " + MAX_PREFIX_BYTES + " bytes at most");
        }
        return new S3Location(matcher.group(1), prefix);
    }

    /**
     * Returns the key in the bucket of what has a name in the store.
     *
     * @throws IOException if a bucket can't have so long a key
     */
    String key(String name) throws IOException {
        String key = below() + name;
        if (key.getBytes(StandardCharsets.UTF_8).length > MAX_KEY_BYTES) {
            throw new IOException(this + " can't hold " + name + ": the key would be longer than " + MAX_KEY_BYTES
                    + " bytes; a store with a shorter prefix could");
        }
        return key;
    }

    /** Returns what every key of the store begins with: the prefix and a slash, or nothing. */
    String below() {
        return prefix.isEmpty() ? "" : prefix + "/";
    }

    /** Returns the location as it is written. */
    @Override
    public String toString() {
        return SCHEME + "://" + bucket + (prefix.isEmpty() ? "" : "/" + prefix);
    }

    private static boolean isPrefix(String prefix) {
        if (prefix.getBytes(StandardCharsets.UTF_8).length > MAX_PREFIX_BYTES
                || prefix.chars().anyMatch(Character::isISOControl)) {
            return false;
        }
        for (String segment : prefix.split("/", -1)) {
            if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
                return false;
            }
        }
        return true;
    }
}
