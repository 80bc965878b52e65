package io.weightspan.server.web;

import io.weightspan.cli.HumanSize;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;

/** Writes numbers, times and counts for people. */
final class Numbers {

    private static final DateTimeFormatter MINUTE =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final double SMALL = 0.001;
    private static final double WHOLE = 100;

    private Numbers() {}

    /** Writes a number with thousands apart. */
    static String of(long number) {
        return HumanSize.exact(number);
    }

    /** Writes a count with its noun, such as {@code 1 model} or {@code 1,200 models}. */
    static String count(long number, String noun) {
        return of(number) + " " + (number == 1 ? noun : plural(noun));
    }

    /** Writes a part of 1, such as {@code 3.25 %}; tiny ones as a power of ten. */
    static String part(double part) {
        if (part == 0) {
            return "0";
        }
        return Math.abs(part) >= SMALL
                ? decimals(WHOLE * part, part >= 0.1 ? 1 : 2) + " %"
                : String.format(Locale.ROOT, "%.1e", part);
    }

    /** Writes a number with so many decimals. */
    static String decimals(double number, int decimals) {
        return String.format(Locale.ROOT, "%." + decimals + "f", number);
    }

    /** Writes a day. */
    static String day(Instant time) {
        return minute(time).substring(0, 10);
    }

    /** Writes a time to the minute, in UTC. */
    static String minute(Instant time) {
        return MINUTE.format(time);
    }

    /** Writes a time for programs, to the second. */
    static String iso(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** Writes the dimensions of a tensor; a scalar has none. */
    static String shape(Collection<Long> shape) {
        return shape.isEmpty() ? "scalar" : shape.stream().map(Object::toString).collect(Collectors.joining(" × "));
    }

    private static String plural(String noun) {
        return noun.endsWith("y") ? noun.substring(0, noun.length() - 1) + "ies" : noun + "s";
    }
}
