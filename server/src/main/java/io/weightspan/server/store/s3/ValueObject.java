package io.weightspan.server.store.s3;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The object that holds a value (ST-S3-004 to ST-S3-006): its bytes are the text, none where the value was removed, and
 * its metadata names the writes that led to it.
 *
 * <p>The empty text and texts of U+0000 alone are one U+0000 longer than they are, so that no text is of no bytes.
 *
 * @param text the value, or null where it was removed
 * @param etag the service's name for this content
 * @param writes the write that made it and those before, the newest first, at most {@link #MAX_WRITES}
 */
record ValueObject(@Nullable String text, String etag, List<String> writes) {

    /** So many writes back, a writer that lost its answer can tell whether its own was among them. */
    static final int MAX_WRITES = 16;

    private static final String METADATA = "weightspan-writes";
    private static final Pattern WRITES = Pattern.compile("[0-9a-f]{16}(,[0-9a-f]{16}){0," + (MAX_WRITES - 1) + "}");
    private static final SecureRandom RANDOM = new SecureRandom();

    ValueObject {
        writes = List.copyOf(writes);
    }

    /**
     * Reads a value's object.
     *
     * @throws IOException if it is not UTF-8
     */
    static ValueObject of(Bucket.Small object) throws IOException {
        String written = object.metadata().getOrDefault(METADATA, "");
        // Another program may have written the object, by hand say: then its history is not known.
        List<String> writes = WRITES.matcher(written).matches() ? List.of(written.split(",", -1)) : List.of();
        return new ValueObject(text(object.bytes()), object.etag(), writes);
    }

    /** Returns a name that no other write has. */
    static String newWrite() {
        byte[] bytes = new byte[Long.BYTES];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** Returns the metadata of an object that a write puts in the place of another. */
    static Map<String, String> metadata(String write, Optional<ValueObject> before) {
        Stream<String> earlier = before.stream().flatMap(object -> object.writes().stream());
        return Map.of(METADATA, String.join(",", Stream.concat(Stream.of(write), earlier).limit(MAX_WRITES).toList()));
    }

    /** Returns the bytes of an object that holds a text, or a removed value where that is null. */
    static byte[] bytes(@Nullable String text) {
        if (text == null) {
            return new byte[0];
        }
        return (isNulls(text) ? text + '\0' : text).getBytes(StandardCharsets.UTF_8);
    }

    private static @Nullable String text(byte[] bytes) throws IOException {
        if (bytes.length == 0) {
            return null;
        }
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            return isNulls(text) ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw new IOException("a value is not UTF-8", e);
        }
    }

    private static boolean isNulls(String text) {
        return text.chars().allMatch(c -> c == 0);
    }
}
