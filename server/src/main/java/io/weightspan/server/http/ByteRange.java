package io.weightspan.server.http;

import org.jspecify.annotations.Nullable;

/**
 * A range of bytes that a client asked for, cut to what there is.
 *
 * @param first offset of the first byte, at least 0
 * @param length the number of bytes, at least 1
 */
public record ByteRange(long first, long length) {

    private static final String UNIT = "bytes=";

    /** What a {@code Range} field asks for. */
    public enum Outcome {
        /** No range, one that RFC 9110 has a server ignore, or several ranges: the whole representation. */
        WHOLE,
        /** One range, at least one byte of which exists. */
        PART,
        /** One range that lies past the end. */
        UNSATISFIABLE
    }

    /**
     * The outcome with its range.
     *
     * @param outcome what to answer
     * @param range the range for {@link Outcome#PART}, else null
     */
    public record Parsed(Outcome outcome, @Nullable ByteRange range) {

        private static final Parsed WHOLE = new Parsed(Outcome.WHOLE, null);
        private static final Parsed UNSATISFIABLE = new Parsed(Outcome.UNSATISFIABLE, null);
    }

    /**
     * Reads a {@code Range} field as RFC 9110 section 14 says.
     *
     * <p>Another unit, a field that doesn't parse and a list of several ranges ask for the whole. A range that ends
     * past the end is cut, as a client may not know the length.
     *
     * @param field the field's value; null for a request without one
     * @param size the bytes of the whole representation, at least 0
     */
    public static Parsed parse(@Nullable String field, long size) {
        if (field == null || !field.regionMatches(true, 0, UNIT, 0, UNIT.length())) {
            return Parsed.WHOLE;
        }
        String range = field.substring(UNIT.length()).trim();
        int dash = range.indexOf('-');
        if (dash < 0) {
            return Parsed.WHOLE;
        }
        long first = number(range.substring(0, dash));
        long last = number(range.substring(dash + 1));
        boolean open = dash + 1 == range.length();
        if (dash == 0) {
            return last < 0 ? Parsed.WHOLE : suffix(last, size);
        }
        if (first < 0 || (!open && last < first)) {
            return Parsed.WHOLE;
        }
        if (first >= size) {
            return Parsed.UNSATISFIABLE;
        }
        long end = open ? size - 1 : Math.min(last, size - 1);
        return new Parsed(Outcome.PART, new ByteRange(first, end - first + 1));
    }

    /** Returns the value of {@code Content-Range} for this range of so many bytes. */
    public String contentRange(long size) {
        return "bytes " + first + "-" + (first + length - 1) + "/" + size;
    }

    private static Parsed suffix(long wanted, long size) {
        long length = Math.min(wanted, size);
        return length == 0
                ? Parsed.UNSATISFIABLE
                : new Parsed(Outcome.PART, new ByteRange(size - length, length));
    }

    /** Returns the number, {@link Long#MAX_VALUE} for one past it, or -1 for what isn't digits alone. */
    private static long number(String digits) {
        if (digits.isEmpty()) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value > (Long.MAX_VALUE - digit) / 10 ? Long.MAX_VALUE : value * 10 + digit;
        }
        return value;
    }
}
