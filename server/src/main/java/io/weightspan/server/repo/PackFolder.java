package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;

/**
 * A folder that is to become a commit of a repository.
 *
 * @param repo the repository, made where it isn't there
 * @param folder the folder
 * @param family the family that its weight files belong to
 */
public record PackFolder(RepoId repo, Path folder, String family) {

    /** Checks the arguments. */
    public PackFolder {
        requireNonNull(repo, "repo is null");
        requireNonNull(folder, "folder is null");
        requireNonNull(family, "family is null");
    }
}
