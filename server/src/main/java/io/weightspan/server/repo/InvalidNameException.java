package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

/** A name that was given for a repository, a file or a revision breaks the rules for such names. */
public final class InvalidNameException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    /** Longer names are cut to this many characters in messages. */
    private static final int SHOWN = 200;

    /**
     * Creates the exception.
     *
     * @param what the kind of name
     * @param name the name as given; control characters are shown escaped
     * @param rule the rule that it breaks, as a clause
     */
    public InvalidNameException(String what, String name, String rule) {
        super(what + " '" + printable(name) + "' is refused: " + requireNonNull(rule, "rule is null"));
    }

    /** Returns the text with everything that could move a terminal's cursor replaced by its number. */
    private static String printable(String text) {
        StringBuilder shown = new StringBuilder();
        text.chars().limit(SHOWN).forEach(c -> {
            if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT
                    || Character.isSurrogate((char) c)) {
                shown.append(String.format("\\u%04x", c));
            } else {
                shown.append((char) c);
            }
        });
        return text.length() > SHOWN ? shown + "..." : shown.toString();
    }
}
