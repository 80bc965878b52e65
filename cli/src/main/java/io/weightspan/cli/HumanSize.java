package io.weightspan.cli;

import java.util.Locale;

/** Writes sizes, ratios and times for people; scripts get plain bytes from {@code --json}. */
public final class HumanSize {

    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    private static final double STEP = 1000;

    private HumanSize() {}

    /**
     * Writes a size in decimal units with three significant digits, such as {@code 921 kB} or {@code 1.83 MB}.
     *
     * @param bytes at least 0
     * @throws IllegalArgumentException if the size is negative
     */
    public static String of(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("negative size: " + bytes);
        }
        if (bytes < STEP) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = 0;
        // 999.5 would be written as 1000, which the next unit writes better.
        while (value >= STEP - 0.5 && unit < UNITS.length - 1) {
            value /= STEP;
            unit++;
        }
        int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + decimals + "f %s", value, UNITS[unit]);
    }

    /**
     * Writes what part of the original is stored, such as {@code 37.4 %}.
     *
     * @param stored stored bytes, at least 0
     * @param original bytes of the original, at least 0; with 0 there is no ratio and the answer is {@code -}
     */
    public static String ratio(long stored, long original) {
        if (original == 0) {
            return "-";
        }
        return String.format(Locale.ROOT, "%.1f %%", 100.0 * stored / original);
    }

    /**
     * Writes a number with thousands apart, such as {@code 921,300}.
     */
    public static String exact(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /**
     * Writes a time, such as {@code 0.8 s} or {@code 2 min 05 s}.
     *
     * @param nanos at least 0
     */
    public static String time(long nanos) {
        double seconds = nanos / 1e9;
        if (seconds < 99.95) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        return String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60);
    }
}
