package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What to pack.
 *
 * @param members the folders, no repository twice
 * @param baseFolder the folder of the model that the members started from, packed before them; it may be one of them
 * @param baseCommit that model where it is in the store already; not both
 * @param author who packs, for the commits
 * @param jobs how many threads work, at least 1
 * @param coding how true and how small weights are stored
 * @param message why, for the commits; empty for a message that tells of packing
 */
public record PackRequest(
        List<PackFolder> members,
        Optional<PackFolder> baseFolder,
        Optional<Commit> baseCommit,
        String author,
        int jobs,
        PackCoding coding,
        String message) {

    /**
     * Packs without loss, as small as can be.
     *
     * @param members the folders, no repository twice
     * @param baseFolder the folder of the model that the members started from
     * @param baseCommit that model where it is in the store already; not both
     * @param author who packs, for the commits
     * @param jobs how many threads work, at least 1
     * @throws IllegalArgumentException likewise
     */
    public PackRequest(
            List<PackFolder> members,
            Optional<PackFolder> baseFolder,
            Optional<Commit> baseCommit,
            String author,
            int jobs) {
        this(members, baseFolder, baseCommit, author, jobs, PackCoding.EXACT, "");
    }

    /**
     * Checks the arguments.
     *
     * @throws IllegalArgumentException if two folders would become one repository, there are two bases or no threads
     */
    public PackRequest {
        members = List.copyOf(members);
        requireNonNull(author, "author is null");
        requireNonNull(coding, "coding is null");
        requireNonNull(message, "message is null");
        if (baseFolder.isPresent() && baseCommit.isPresent()) {
            throw new IllegalArgumentException("two bases");
        }
        if (jobs < 1) {
            throw new IllegalArgumentException("jobs: " + jobs);
        }
        Set<RepoId> repos = new HashSet<>();
        for (PackFolder member : members) {
            if (!repos.add(member.repo())) {
                throw new IllegalArgumentException("two folders would become repository " + member.repo());
            }
        }
    }
}
