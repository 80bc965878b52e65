package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.nio.charset.StandardCharsets;

/**
 * The rules for the path of a file in a repository (ST-NAM-002): segments joined by slashes, each of 1 to 255 bytes of
 * UTF-8, none {@code .} or {@code ..}, without control characters, line separators, backslashes or unpaired surrogates;
 * at most 1,024 bytes in all. Such a path stays inside the folder that it is resolved against.
 */
public final class RepoPath {

    private static final String WHAT = "file name";
    private static final int MAX_SEGMENT_BYTES = 255;
    private static final int MAX_PATH_BYTES = 1024;

    private RepoPath() {}

    /**
     * Checks a path.
     *
     * @return the path
     * @throws InvalidNameException if it breaks a rule; the message names the rule
     */
    public static String check(String path) {
        requireNonNull(path, "path is null");
        for (int i = 0; i < path.length(); i++) {
            checkCharacter(path, i);
        }
        if (path.getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES) {
            throw new InvalidNameException(WHAT, path, "it must have at most " + MAX_PATH_BYTES + " bytes");
        }
        if (path.startsWith("/")) {
            throw new InvalidNameException(WHAT, path, "it must not be absolute");
        }
        for (String segment : path.split("/", -1)) {
            checkSegment(path, segment);
        }
        return path;
    }

    private static void checkCharacter(String path, int i) {
        char c = path.charAt(i);
        int type = Character.getType(c);
        if (type == Character.CONTROL || type == Character.LINE_SEPARATOR || type == Character.PARAGRAPH_SEPARATOR) {
            throw new InvalidNameException(WHAT, path, "it must not have control characters");
        }
        if (c == '\\') {
            throw new InvalidNameException(WHAT, path, "it must not have backslashes");
        }
        boolean pairedHigh = Character.isHighSurrogate(c)
                && i + 1 < path.length()
                && Character.isLowSurrogate(path.charAt(i + 1));
        boolean pairedLow = Character.isLowSurrogate(c) && i > 0 && Character.isHighSurrogate(path.charAt(i - 1));
        if (Character.isSurrogate(c) && !pairedHigh && !pairedLow) {
            throw new InvalidNameException(WHAT, path, "it is not valid Unicode");
        }
    }

    private static void checkSegment(String path, String segment) {
        if (segment.isEmpty()) {
            throw new InvalidNameException(WHAT, path, "it must not have empty segments");
        }
        if (segment.equals(".") || segment.equals("..")) {
            throw new InvalidNameException(WHAT, path, "it must not have '.' or '..' as a segment");
        }
        if (segment.getBytes(StandardCharsets.UTF_8).length > MAX_SEGMENT_BYTES) {
            throw new InvalidNameException(
                    WHAT, path, "no segment may have more than " + MAX_SEGMENT_BYTES + " bytes");
        }
    }
}
