package io.weightspan.server.gitignore;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The rules of a {@code .gitignore} in a repository's root. The last rule that fits a path decides; what is in an
 * ignored folder can't be taken back. Rules are anybody's text, so what they may cost is limited. For one thread.
 *
 * @see <a href="https://git-scm.com/docs/gitignore">gitignore</a>
 */
public final class GitIgnore {

    /** Bytes that a file of rules may have; those that are in use have a few thousand. */
    public static final int MAX_BYTES = 1 << 16;

    /** Characters of patterns times characters of paths that are compared, some seconds' work at worst. */
    private static final long MAX_WORK = 1L << 28;

    private final List<Rule> rules;
    private final Map<String, Boolean> folders = new HashMap<>();
    private long work;

    private GitIgnore(List<Rule> rules) {
        this.rules = List.copyOf(rules);
    }

    /** A line, and what it means for what it fits. */
    private record Rule(GlobPattern pattern, boolean isForFolders, boolean isForNames, boolean takesBack) {}

    /**
     * Reads rules. A line that git can make nothing of fits nothing.
     *
     * @param text the file's text, of at most {@link #MAX_BYTES} characters
     * @throws IllegalArgumentException if it is longer
     */
    public static GitIgnore parse(String text) {
        requireNonNull(text, "text is null");
        if (text.length() > MAX_BYTES) {
            throw new IllegalArgumentException("more than " + MAX_BYTES + " characters of rules");
        }
        List<Rule> rules = new ArrayList<>();
        String lines = text.startsWith("\uFEFF") ? text.substring(1) : text;
        for (String line : lines.split("\n", -1)) {
            String rule = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
            if (!rule.startsWith("#")) {
                add(rules, withoutTrailingSpaces(rule));
            }
        }
        return new GitIgnore(rules);
    }

    /**
     * Returns whether a file is ignored.
     *
     * @param path its path from the root, segments joined by slashes
     * @throws TooMuchWorkException if the rules have been compared with more than they may in all
     */
    public boolean ignores(String path) throws TooMuchWorkException {
        for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
            if (ignoresFolder(path.substring(0, slash))) {
                return true;
            }
        }
        return decides(path, false);
    }

    private boolean ignoresFolder(String path) throws TooMuchWorkException {
        Boolean known = folders.get(path);
        if (known == null) {
            known = decides(path, true);
            folders.put(path, known);
        }
        return known;
    }

    private boolean decides(String path, boolean isFolder) throws TooMuchWorkException {
        String name = path.substring(path.lastIndexOf('/') + 1);
        for (Rule rule : rules.reversed()) {
            if (rule.isForFolders() && !isFolder) {
                continue;
            }
            String text = rule.isForNames() ? name : path;
            work += (long) rule.pattern().cost() * text.length();
            if (work > MAX_WORK) {
                throw new TooMuchWorkException();
            }
            if (rule.pattern().fits(text)) {
                return !rule.takesBack();
            }
        }
        return false;
    }

    private static void add(List<Rule> rules, String line) {
        boolean takesBack = line.startsWith("!");
        String rest = takesBack ? line.substring(1) : line;
        boolean isForFolders = rest.endsWith("/");
        String glob = isForFolders ? rest.substring(0, rest.length() - 1) : rest;
        boolean isForNames = glob.indexOf('/') < 0;
        String fromRoot = glob.startsWith("/") ? glob.substring(1) : glob;
        if (!fromRoot.isEmpty()) {
            rules.add(new Rule(GlobPattern.of(fromRoot), isForFolders, isForNames, takesBack));
        }
    }

    /** Removes spaces at the end, but not one that a backslash keeps. */
    private static String withoutTrailingSpaces(String line) {
        int end = 0;
        for (int i = 0; i < line.length(); i++) {
            if (line.charAt(i) == '\\') {
                i++;
                end = Math.min(i + 1, line.length());
            } else if (line.charAt(i) != ' ') {
                end = i + 1;
            }
        }
        return line.substring(0, end);
    }
}
