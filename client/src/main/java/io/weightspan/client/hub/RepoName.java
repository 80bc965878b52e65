package io.weightspan.client.hub;

import java.util.regex.Pattern;

/**
 * A repo at a revision, written {@code NAMESPACE/NAME[@REVISION]}.
 *
 * @param repo {@code namespace/name}
 * @param revision a branch, a tag or a commit
 */
public record RepoName(String repo, String revision) {

    /** The revision where none is given. */
    public static final String MAIN = "main";

    private static final int MAX_ID = 96;
    private static final int MAX_REVISION = 256;
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]*");

    /**
     * Checks the parts.
     *
     * @throws IllegalArgumentException if the repo is not two names of letters, digits, {@code .}, {@code _} and
     *     {@code -}, or the revision is empty, too long or holds control characters
     */
    public RepoName {
        if (!isRepo(repo)) {
            throw new IllegalArgumentException("not a repo: '" + repo + "'; write it as NAMESPACE/NAME");
        }
        if (!isRevision(revision)) {
            throw new IllegalArgumentException("not a revision: '" + revision + "'");
        }
    }

    /**
     * Reads a repo as it is written on the command line.
     *
     * @param text {@code NAMESPACE/NAME} or {@code NAMESPACE/NAME@REVISION}
     * @throws IllegalArgumentException if it is neither
     */
    public static RepoName parse(String text) {
        int at = text.indexOf('@');
        return at < 0 ? new RepoName(text, MAIN) : new RepoName(text.substring(0, at), text.substring(at + 1));
    }

    static boolean isRepo(String repo) {
        int slash = repo.indexOf('/');
        return slash > 0 && repo.length() <= MAX_ID && isPart(repo.substring(0, slash))
                && isPart(repo.substring(slash + 1));
    }

    private static boolean isPart(String part) {
        return PART.matcher(part).matches() && !part.contains("..") && !part.contains("--")
                && !part.endsWith(".git");
    }

    private static boolean isRevision(String revision) {
        return !revision.isEmpty() && revision.length() <= MAX_REVISION
                && revision.codePoints().noneMatch(c -> Character.isISOControl(c) || Character.isWhitespace(c));
    }

    @Override
    public String toString() {
        return revision.equals(MAIN) ? repo : repo + "@" + revision;
    }
}
