package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.util.regex.Pattern;

/**
 * The rules for the name of a branch or a tag, and its form in store keys (ST-REF-002): 1 to 60 characters of
 * {@code A-Z a-z 0-9 . _ - /}, in segments that are not empty and neither begin nor end with a dot, and not the form of
 * a commit id.
 */
public final class RefName {

    /** The branch that a new repository has. */
    public static final String MAIN = "main";

    private static final int MAX_LENGTH = 60;
    private static final String SEGMENT = "[A-Za-z0-9_-](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?";
    private static final Pattern FORM = Pattern.compile(SEGMENT + "(?:/" + SEGMENT + ")*");
    private static final Pattern COMMIT_ID = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");

    private RefName() {}

    /**
     * Checks a name.
     *
     * @return the name
     * @throws InvalidNameException if it breaks a rule
     */
    public static String check(String name) {
        if (!isValid(name)) {
            throw new InvalidNameException(
                    "branch or tag", name,
                    "use letters, digits, '.', '_', '-' and '/', and not the form of a commit id");
        }
        return name;
    }

    /** Returns whether the name keeps to the rules. */
    public static boolean isValid(String name) {
        requireNonNull(name, "name is null");
        return name.length() <= MAX_LENGTH
                && FORM.matcher(name).matches()
                && !name.contains("..")
                && !COMMIT_ID.matcher(name).matches();
    }

    /** Returns the name as one segment of a store key: slashes are {@code %2F}. */
    static String toKeySegment(String name) {
        return check(name).replace("/", "%2F");
    }

    /** Returns the name that a key segment stands for. */
    static String ofKeySegment(String segment) {
        return segment.replace("%2F", "/");
    }
}
