package io.weightspan.server.repo;

import io.weightspan.codec.container.Container;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.Verification;
import io.weightspan.format.v1.Dependency;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Finds what the models of a store started from, by what their records need. */
final class BaseFinder {

    private final Repositories repositories;

    BaseFinder(Repositories repositories) {
        this.repositories = repositories;
    }

    /**
     * Returns the files that a commit's weights are differences from: those that its records name as their base, or,
     * where they name only siblings, those that these name.
     *
     * @return the base's objects, each with the digest of the file that it decodes to
     * @throws IOException if the store can't be read or a record is damaged
     */
    Map<Digest, Digest> basesOf(Commit commit) throws IOException {
        Map<Digest, Digest> bases = new LinkedHashMap<>();
        for (CommitFile file : commit.files()) {
            if (file.kind() == FileKind.RECORD && FileTypes.isSafetensors(file.path())) {
                bases.putAll(basesOf(file));
            }
        }
        return bases;
    }

    /** The same for one record. */
    Map<Digest, Digest> basesOf(CommitFile file) throws IOException {
        Map<Digest, Digest> bases = new LinkedHashMap<>();
        Set<Digest> seen = new HashSet<>();
        List<Digest> level = List.of(file.object());
        while (bases.isEmpty() && !level.isEmpty()) {
            List<Digest> next = new ArrayList<>();
            for (Digest object : level) {
                for (Dependency dependency : seen.add(object) ? dependencies(object) : List.<Dependency>of()) {
                    Digest needed = Digest.of(dependency.getObjectSha256());
                    if (dependency.getRole() == Role.ROLE_BASE) {
                        bases.put(needed, Digest.of(dependency.getFileSha256()));
                    } else if (dependency.getRole() == Role.ROLE_SIBLING) {
                        next.add(needed);
                    }
                }
            }
            level = next;
        }
        return bases;
    }

    /** Finds a commit that has all of some objects: of the main branches' heads, or else any. */
    Optional<Commit> holder(Set<Digest> objects) throws IOException {
        List<RepoId> repos = repositories.list();
        for (RepoId repo : repos) {
            Optional<Commit> head = repositories.head(repo, RefName.MAIN);
            if (head.isPresent() && has(head.get(), objects)) {
                return head;
            }
        }
        for (RepoId repo : repos) {
            for (Commit commit : repositories.reachable(repo)) {
                if (has(commit, objects)) {
                    return Optional.of(commit);
                }
            }
        }
        return Optional.empty();
    }

    /** Whether a commit has all of some objects. */
    static boolean has(Commit commit, Set<Digest> objects) {
        return commit.files().stream().map(CommitFile::object).collect(Collectors.toSet()).containsAll(objects);
    }

    private List<Dependency> dependencies(Digest object) throws IOException {
        try (Container container = Container.open(
                StoredFiles.openDependency(repositories.store(), object), Verification.STRUCTURE)) {
            return container.front().getDependenciesList();
        }
    }
}
