package io.weightspan.client.hub;

import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Decides which paths a server may name, before they become paths of this machine. */
final class RelativePath {

    private static final int MAX_BYTES = 1024;
    private static final int MAX_NAME_BYTES = 255;
    private static final int MAX_SHOWN = 80;

    private static final Pattern SLASH = Pattern.compile("/");

    private RelativePath() {}

    /**
     * Checks a path.
     *
     * @param path names with {@code /} between them
     * @return the path
     * @throws HubException of kind {@link HubException.Kind#BAD_ANSWER} if it is absolute or too long, or if a name in
     *     it is empty, {@code .} or {@code ..}, too long, begins like this client's own files, or holds a control
     *     character or a backslash
     */
    static String check(String path) throws HubException {
        if (path.isEmpty() || utf8Length(path) > MAX_BYTES) {
            throw refused(path, "is empty, too long or not Unicode");
        }
        for (String name : SLASH.split(path, -1)) {
            checkName(path, name);
        }
        return path;
    }

    private static void checkName(String path, String name) throws HubException {
        if (name.isEmpty()) {
            throw refused(path, "is absolute or holds an empty name");
        }
        if (name.equals(".") || name.equals("..")) {
            throw refused(path, "leads out of the folder");
        }
        if (utf8Length(name) > MAX_NAME_BYTES) {
            throw refused(path, "holds a name that is too long");
        }
        if (name.startsWith(Staging.PREFIX)) {
            throw refused(path, "is a name of this client's own files");
        }
        if (name.codePoints().anyMatch(RelativePath::isRefused)) {
            throw refused(path, "holds a character that may not be in a name");
        }
    }

    private static boolean isRefused(int codePoint) {
        int type = Character.getType(codePoint);
        return type == Character.CONTROL || type == Character.LINE_SEPARATOR || type == Character.PARAGRAPH_SEPARATOR
                || type == Character.SURROGATE || codePoint == '\\';
    }

    /** Returns the bytes of the text in UTF-8, more than any limit if it has none. */
    private static int utf8Length(String text) {
        try {
            return StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text)).remaining();
        } catch (CharacterCodingException e) {
            return Integer.MAX_VALUE;
        }
    }

    private static HubException refused(String path, String why) {
        return new HubException(HubException.Kind.BAD_ANSWER,
                "the server names a file that is refused: '" + shown(path) + "' " + why);
    }

    /** Returns a path that may be hostile, cut and with control characters replaced, for a message. */
    static String shown(String path) {
        return shown(path, MAX_SHOWN);
    }

    /** Returns any text that may be hostile in the same way, cut at another length. */
    static String shown(String text, int most) {
        StringBuilder shown = new StringBuilder();
        text.codePoints().limit(most).forEach(c -> shown.appendCodePoint(isControl(c) ? '?' : c));
        return text.codePointCount(0, text.length()) > most ? shown + "..." : shown.toString();
    }

    private static boolean isControl(int codePoint) {
        int type = Character.getType(codePoint);
        return type == Character.CONTROL || type == Character.FORMAT || type == Character.SURROGATE
                || type == Character.LINE_SEPARATOR || type == Character.PARAGRAPH_SEPARATOR;
    }
}
