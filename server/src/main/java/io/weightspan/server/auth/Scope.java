package io.weightspan.server.auth;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.repo.InvalidNameException;
import io.weightspan.server.repo.RepoId;

/**
 * Where a token counts: one repository, the repositories of a namespace, or all.
 *
 * @param text {@code NAMESPACE/NAME}, {@code NAMESPACE}, or {@code *}
 */
public record Scope(String text) {

    /** Every repository. */
    public static final Scope ALL = new Scope("*");

    /**
     * Checks the text.
     *
     * @throws InvalidNameException if it isn't of one of the forms
     */
    public Scope {
        requireNonNull(text, "text is null");
        if (!text.equals("*")) {
            if (text.indexOf('/') >= 0) {
                RepoId.of(text);
            } else {
                // What is a namespace is one in front of any name.
                new RepoId(text, "x");
            }
        }
    }

    /** Returns whether a repository lies in the scope. */
    public boolean covers(RepoId repo) {
        return text.equals("*") || text.equals(repo.namespace()) || text.equals(repo.toString());
    }

    /** Returns whether all of a namespace lies in the scope. */
    public boolean coversNamespace(String namespace) {
        return text.equals("*") || text.equals(namespace);
    }

    @Override
    public String toString() {
        return text;
    }
}
