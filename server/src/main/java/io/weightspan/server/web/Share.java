package io.weightspan.server.web;

import io.weightspan.cli.HumanSize;
import java.util.Locale;

/**
 * Bytes that stand for more bytes.
 *
 * @param stored what the store holds, at least 0
 * @param bytes what that stands for, at least 0
 */
record Share(long stored, long bytes) {

    private static final double WHOLE = 100;

    /** Returns the sum of two. */
    Share plus(Share other) {
        return new Share(stored + other.stored, bytes + other.bytes);
    }

    /** Returns the size of the originals, for people. */
    String size() {
        return HumanSize.of(bytes);
    }

    /** Returns the size of what is stored, for people. */
    String storedSize() {
        return HumanSize.of(stored);
    }

    /** Returns what part is stored, such as {@code 37.4 %}. */
    String part() {
        return HumanSize.ratio(stored, bytes);
    }

    /** Returns how many times smaller what is stored is, such as {@code 2.67}; a hyphen where nothing is stored. */
    String times() {
        return stored == 0 ? "-" : String.format(Locale.ROOT, "%.2f", (double) bytes / stored);
    }

    /** Returns what part is stored in percent, at most 100, for the width of a bar. */
    String percent() {
        double percent = bytes == 0 ? 0 : Math.min(WHOLE, WHOLE * stored / bytes);
        return String.format(Locale.ROOT, "%.2f", percent);
    }
}
