package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.util.regex.Pattern;

/**
 * The name of a repository, {@code namespace/name} (ST-NAM-001): the two joined are at most 96 characters; each is made
 * of {@code A-Z a-z 0-9 . _ -}, begins and ends with a letter, a digit or an underscore, has no {@code --} and no
 * {@code ..}, and the name does not end with {@code .git}. These are the Hub's rules, and safe as parts of a path.
 *
 * @param namespace the part before the slash
 * @param name the part after it
 */
public record RepoId(String namespace, String name) implements Comparable<RepoId> {

    private static final int MAX_LENGTH = 96;
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?");

    /**
     * Checks the two parts.
     *
     * @throws InvalidNameException if one breaks a rule; the message names the rule
     */
    public RepoId {
        checkPart("namespace", requireNonNull(namespace, "namespace is null"));
        checkPart("name", requireNonNull(name, "name is null"));
        if (name.endsWith(".git")) {
            throw new InvalidNameException("repository name", name, "it must not end with .git");
        }
        if (namespace.length() + 1 + name.length() > MAX_LENGTH) {
            throw new InvalidNameException(
                    "repository name", namespace + "/" + name, "it must have at most " + MAX_LENGTH + " characters");
        }
    }

    /**
     * Parses {@code namespace/name}.
     *
     * @throws InvalidNameException if the text is not of that form or a part breaks a rule
     */
    public static RepoId of(String text) {
        requireNonNull(text, "text is null");
        int slash = text.indexOf('/');
        if (slash < 0 || text.indexOf('/', slash + 1) >= 0) {
            throw new InvalidNameException("repository name", text, "it must be of the form NAMESPACE/NAME");
        }
        return new RepoId(text.substring(0, slash), text.substring(slash + 1));
    }

    /** Orders by namespace, then by name, character by character. */
    @Override
    public int compareTo(RepoId other) {
        int byNamespace = namespace.compareTo(other.namespace);
        return byNamespace != 0 ? byNamespace : name.compareTo(other.name);
    }

    /** Returns {@code namespace/name}. */
    @Override
    public String toString() {
        return namespace + "/" + name;
    }

    private static void checkPart(String what, String part) {
        if (part.length() > MAX_LENGTH || !PART.matcher(part).matches()) {
            throw new InvalidNameException(
                    "repository " + what,
                    part,
                    "use letters, digits, '.', '_' and '-', with a letter, a digit or '_' first and last");
        }
        if (part.contains("--") || part.contains("..")) {
            throw new InvalidNameException("repository " + what, part, "it must not have '--' or '..'");
        }
    }
}
