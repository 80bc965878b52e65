package io.weightspan.server.web;

import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.repo.RepoId;
import java.util.Set;

/** The addresses of pages and files, from the root of the host, with every part percent-encoded. */
final class Links {

    /** First parts of a path that mean something else where a repository's page has but two. */
    private static final Set<String> TAKEN = Set.of("families");

    private Links() {}

    /** Returns the address of a family's page. */
    static String family(String family) {
        return "/families/" + RequestTarget.encode(family);
    }

    /** Returns the address of a repository's page at its main branch. */
    static String model(RepoId repo) {
        String base = repo(repo);
        // Any path of three parts is the repository's.
        return TAKEN.contains(repo.namespace()) ? base + "/card" : base;
    }

    /** Returns the address of a repository's page at a revision. */
    static String card(RepoId repo, String revision) {
        return repo(repo) + "/card/" + RequestTarget.encode(revision);
    }

    /** Returns the address of the list of files. */
    static String tree(RepoId repo, String revision) {
        return repo(repo) + "/tree/" + RequestTarget.encode(revision);
    }

    /** Returns the address of the history. */
    static String commits(RepoId repo, String revision) {
        return repo(repo) + "/commits/" + RequestTarget.encode(revision);
    }

    /** Returns the address of a file's page. */
    static String blob(RepoId repo, String revision, String path) {
        return repo(repo) + "/blob/" + RequestTarget.encode(revision) + "/" + path(path);
    }

    /** Returns the address of a file's bytes. */
    static String resolve(RepoId repo, String revision, String path) {
        return repo(repo) + "/resolve/" + RequestTarget.encode(revision) + "/" + path(path);
    }

    /** Returns the address of a search's results. */
    static String search(String query) {
        return "/search?q=" + RequestTarget.encode(query);
    }

    private static String repo(RepoId repo) {
        return "/" + RequestTarget.encode(repo.namespace()) + "/" + RequestTarget.encode(repo.name());
    }

    /** Encodes the parts of a file's path, whose slashes stay. */
    private static String path(String path) {
        StringBuilder encoded = new StringBuilder();
        for (String segment : path.split("/", -1)) {
            encoded.append(encoded.isEmpty() ? "" : "/").append(RequestTarget.encode(segment));
        }
        return encoded.toString();
    }
}
