package io.weightspan.server.gitignore;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A set of characters in brackets. It never holds a slash, whatever it says.
 *
 * @param regex the same as a regular expression
 * @param end where the pattern goes on
 */
record CharacterSet(String regex, int end) {

    private static final String NOTHING = "[^\\x{0}-\\x{10FFFF}]";

    /** POSIX classes of ASCII, as pairs of first and last characters. */
    private static final Map<String, String> CLASSES = Map.ofEntries(
            Map.entry("alnum", "09AZaz"),
            Map.entry("alpha", "AZaz"),
            Map.entry("blank", "  \t\t"),
            Map.entry("cntrl", "\0\37\177\177"),
            Map.entry("digit", "09"),
            Map.entry("graph", "!~"),
            Map.entry("lower", "az"),
            Map.entry("print", " ~"),
            Map.entry("punct", "!/:@[`{~"),
            Map.entry("space", "  \t\r"),
            Map.entry("upper", "AZ"),
            Map.entry("xdigit", "09AFaf"));

    /** From one character to another, both included. */
    private record Range(int from, int to) {}

    /**
     * Reads a set.
     *
     * @param glob the pattern
     * @param start what follows the opening bracket
     * @return the set; null if it isn't closed, or names a class that there isn't
     */
    static @Nullable CharacterSet read(String glob, int start) {
        boolean isNegated = start < glob.length() && (glob.charAt(start) == '!' || glob.charAt(start) == '^');
        List<Range> ranges = new ArrayList<>();
        int first = isNegated ? start + 1 : start;
        int at = first;
        while (at < glob.length() && (at == first || glob.charAt(at) != ']')) {
            at = glob.startsWith("[:", at) ? readClass(glob, at, ranges) : readRange(glob, at, ranges);
            if (at < 0) {
                return null;
            }
        }
        return at < glob.length() ? new CharacterSet(regex(ranges, isNegated), at + 1) : null;
    }

    /** Returns a character as a regular expression. */
    static String literal(int character) {
        return "\\x{" + Integer.toHexString(character) + "}";
    }

    private static int readClass(String glob, int at, List<Range> ranges) {
        int close = glob.indexOf(']', at + 2);
        if (close < 0) {
            return -1;
        }
        if (glob.charAt(close - 1) != ':' || close - 1 < at + 2) {
            // Not a class after all: a bracket like any other character.
            return readRange(glob, at, ranges);
        }
        String pairs = CLASSES.get(glob.substring(at + 2, close - 1));
        if (pairs == null) {
            return -1;
        }
        for (int i = 0; i < pairs.length(); i += 2) {
            ranges.add(new Range(pairs.charAt(i), pairs.charAt(i + 1)));
        }
        return close + 1;
    }

    private static int readRange(String glob, int at, List<Range> ranges) {
        int start = afterBackslash(glob, at);
        if (start == glob.length()) {
            return -1;
        }
        int from = glob.codePointAt(start);
        int end = start + Character.charCount(from);
        boolean isRange = end + 1 < glob.length() && glob.charAt(end) == '-' && glob.charAt(end + 1) != ']';
        ranges.add(new Range(from, from));
        if (!isRange) {
            return end;
        }
        int last = afterBackslash(glob, end + 1);
        if (last == glob.length()) {
            return -1;
        }
        int to = glob.codePointAt(last);
        ranges.add(new Range(from, to));
        return last + Character.charCount(to);
    }

    private static int afterBackslash(String glob, int at) {
        return glob.charAt(at) == '\\' ? at + 1 : at;
    }

    private static String regex(List<Range> ranges, boolean isNegated) {
        StringBuilder set = new StringBuilder();
        for (Range range : ranges) {
            if (isNegated) {
                append(set, range.from(), range.to());
            } else {
                append(set, range.from(), Math.min(range.to(), '/' - 1));
                append(set, Math.max(range.from(), '/' + 1), range.to());
            }
        }
        if (isNegated) {
            return "[^/" + set + "]";
        }
        return set.isEmpty() ? NOTHING : "[" + set + "]";
    }

    private static void append(StringBuilder set, int from, int to) {
        if (from <= to) {
            set.append(literal(from)).append('-').append(literal(to));
        }
    }
}
