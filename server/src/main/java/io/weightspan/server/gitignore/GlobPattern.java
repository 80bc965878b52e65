package io.weightspan.server.gitignore;

import com.google.re2j.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A pattern of a path as git's {@code wildmatch} reads it, with {@code *} inside of segments and {@code **} across
 * them. Takes time in proportion to the pattern's length times the path's, whatever they are. Immutable.
 */
final class GlobPattern {

    private static final String WITHIN = "[^/]*";
    private static final String FOLDERS = "(?:.*/)?";

    /** What a text without special characters fits. */
    private final @Nullable String literal;

    /** What others fit; none if they fit nothing. */
    private final @Nullable Pattern pattern;

    private final int cost;

    private GlobPattern(@Nullable String literal, @Nullable Pattern pattern, int cost) {
        this.literal = literal;
        this.pattern = pattern;
        this.cost = cost;
    }

    /**
     * Reads a pattern.
     *
     * @param glob the pattern, without slashes at its ends
     */
    static GlobPattern of(String glob) {
        if (glob.chars().noneMatch(GlobPattern::isSpecial)) {
            return new GlobPattern(glob, null, 1);
        }
        String regex = new Reader(glob).regex();
        return regex == null
                ? new GlobPattern(null, null, 0)
                : new GlobPattern(null, Pattern.compile(regex, Pattern.DOTALL), glob.length());
    }

    /** Returns whether the whole of a path, or of a name, is as the pattern says. */
    boolean fits(String path) {
        if (literal != null) {
            return literal.equals(path);
        }
        return pattern != null && pattern.matches(path);
    }

    /** Returns how many steps each character of a path may cost. */
    int cost() {
        return cost;
    }

    private static boolean isSpecial(int character) {
        return "*?[\\".indexOf(character) >= 0;
    }

    /** Reads a pattern from its first character to its last. */
    private static final class Reader {

        private final String glob;
        private final StringBuilder regex = new StringBuilder();
        private final int firstSpecial;
        private int at;

        Reader(String glob) {
            this.glob = glob;
            this.firstSpecial = (int) glob.chars().takeWhile(c -> !isSpecial(c)).count();
        }

        /** Returns the regular expression; null if the pattern breaks off, and fits nothing. */
        private @Nullable String regex() {
            while (at < glob.length()) {
                int c = glob.codePointAt(at);
                at += Character.charCount(c);
                switch (c) {
                    case '*' -> asterisks();
                    case '?' -> regex.append("[^/]");
                    case '[' -> {
                        CharacterSet set = CharacterSet.read(glob, at);
                        if (set == null) {
                            return null;
                        }
                        regex.append(set.regex());
                        at = set.end();
                    }
                    case '\\' -> {
                        if (at == glob.length()) {
                            return null;
                        }
                        c = glob.codePointAt(at);
                        at += Character.charCount(c);
                        regex.append(CharacterSet.literal(c));
                    }
                    default -> regex.append(CharacterSet.literal(c));
                }
            }
            return regex.toString();
        }

        /** The first asterisk has been read. */
        private void asterisks() {
            int first = at - 1;
            while (at < glob.length() && glob.charAt(at) == '*') {
                at++;
            }
            // What comes before the first special character git compares by itself, and starts anew behind it. So a**
            // reaches into folders, though the manual says otherwise.
            boolean isAtStart = first == firstSpecial || glob.charAt(first - 1) == '/';
            boolean isAtEnd = at == glob.length();
            if (at - first == 1 || !isAtStart || !isAtEnd && glob.charAt(at) != '/') {
                regex.append(WITHIN);
            } else if (isAtEnd) {
                regex.append(".*");
            } else {
                regex.append(FOLDERS);
                at++;
            }
        }
    }
}
