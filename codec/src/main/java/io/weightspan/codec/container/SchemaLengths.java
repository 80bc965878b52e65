package io.weightspan.codec.container;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * The text of the chunk coding ZSTD_LENGTHS (R-SCH-011): a schema without its first 8 bytes, and with the length of a
 * tensor in place of its two offsets wherever the tensor begins at the end of the ones shortened before it.
 *
 * <pre>
 *   schema   | N | {"a":{...,"data_offsets":[0,12]},"b":{...,"data_offsets":[12,20]}} |
 *   text         | {"a":{...,"data_offsets":[12]},"b":{...,"data_offsets":[8]}}       |
 * </pre>
 */
final class SchemaLengths {
    private static final byte[] KEY = "\"data_offsets\":[".getBytes(StandardCharsets.US_ASCII);
    private static final int LENGTH_DIGITS = 15;
    /** Longer offsets are left as they are. */
    private static final int OFFSET_DIGITS = 18;
    private static final long MOST_LENGTH = 999_999_999_999_999L;
    /** R-SCH-012: largest total. */
    private static final long MOST_TOTAL = 1L << 62;
    /** 18 bytes with the shortest length become at most 56, with two offsets of 19 digits. */
    private static final long GROWTH = 4;

    private SchemaLengths() {}

    /**
     * Makes the schema.
     *
     * @param text   the content of the frame
     * @param length bytes that the schema must have; the caller has checked that this much may be allocated
     * @return the schema, a new array of that length
     * @throws MalformedFrameException if it has another length, or the tensors' lengths are too many bytes (R-SCH-012)
     */
    static byte[] expand(byte[] text, int length) throws MalformedFrameException {
        if (length < Long.BYTES || length > Long.BYTES + GROWTH * text.length) {
            throw new MalformedFrameException("a text of " + text.length + " bytes gives no schema of " + length);
        }
        ByteBuffer schema = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN).putLong(length - Long.BYTES);
        long total = 0;
        int copied = 0;
        for (int begin = afterKey(text, 0); begin >= 0; begin = afterKey(text, begin)) {
            int end = endOfNumber(text, begin, LENGTH_DIGITS);
            if (end >= 0) {
                long next = total + number(text, begin, end);
                if (next > MOST_TOTAL) {
                    throw new MalformedFrameException("tensors of more than 2^62 bytes");
                }
                byte[] offsets = ascii(total + "," + next);
                put(schema, text, copied, begin);
                put(schema, offsets, 0, offsets.length);
                copied = end;
                total = next;
            }
        }
        put(schema, text, copied, text.length);
        if (schema.hasRemaining()) {
            throw new MalformedFrameException("a schema of " + schema.position() + " bytes, not " + length);
        }
        return schema.array();
    }

    private static void put(ByteBuffer schema, byte[] bytes, int from, int to) throws MalformedFrameException {
        if (to - from > schema.remaining()) {
            throw new MalformedFrameException("a schema of more than " + schema.capacity() + " bytes");
        }
        schema.put(bytes, from, to - from);
    }

    /**
     * Makes the text.
     *
     * @param schema the schema
     * @return the text that {@link #expand} makes exactly these bytes of, or empty where there is none
     */
    static Optional<byte[]> shorten(byte[] schema) {
        if (schema.length < Long.BYTES) {
            return Optional.empty();
        }
        ByteBuffer text = ByteBuffer.allocate(schema.length);
        long total = 0;
        int copied = Long.BYTES;
        for (int begin = afterKey(schema, copied); begin >= 0; begin = afterKey(schema, begin)) {
            byte[] first = ascii(total + ",");
            int second = begin + first.length;
            int end = startsWith(schema, begin, first) ? endOfNumber(schema, second, OFFSET_DIGITS) : -1;
            long length = end < 0 ? -1 : number(schema, second, end) - total;
            if (length >= 0 && length <= MOST_LENGTH) {
                text.put(schema, copied, begin - copied).put(ascii(Long.toString(length)));
                copied = end;
                total += length;
            }
        }
        text.put(schema, copied, schema.length - copied);
        byte[] shortened = Arrays.copyOf(text.array(), text.position());
        try {
            return Arrays.equals(expand(shortened, schema.length), schema) ? Optional.of(shortened) : Optional.empty();
        } catch (MalformedFrameException _) {
            return Optional.empty();
        }
    }

    /** The place behind the next key, or -1. */
    private static int afterKey(byte[] text, int from) {
        for (int at = from; at <= text.length - KEY.length; at++) {
            if (text[at] == KEY[0] && startsWith(text, at, KEY)) {
                return at + KEY.length;
            }
        }
        return -1;
    }

    private static boolean startsWith(byte[] text, int at, byte[] start) {
        int end = at + start.length;
        return end <= text.length && Arrays.equals(text, at, end, start, 0, start.length);
    }

    /** The place of the bracket behind a number without needless zeros, or -1 if something else stands there. */
    private static int endOfNumber(byte[] text, int begin, int digits) {
        int end = begin;
        while (end < text.length && end - begin <= digits && text[end] >= '0' && text[end] <= '9') {
            end++;
        }
        int count = end - begin;
        boolean number = count == 1 || count > 1 && count <= digits && text[begin] != '0';
        return number && end < text.length && text[end] == ']' ? end : -1;
    }

    private static long number(byte[] text, int begin, int end) {
        long number = 0;
        for (int at = begin; at < end; at++) {
            number = 10 * number + text[at] - '0';
        }
        return number;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
