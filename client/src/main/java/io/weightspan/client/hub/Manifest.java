package io.weightspan.client.hub;

import io.weightspan.codec.container.Digest;
import java.util.List;
import java.util.Optional;

/**
 * What a repo holds at one revision, checked as far as it can be without the files. Immutable.
 *
 * @param repo {@code namespace/name}
 * @param revision the commit, 40 hexadecimal digits in lower case
 * @param family the family's name; empty if the server names none
 * @param files the files; no path twice, none the folder of another
 */
public record Manifest(String repo, String revision, String family, List<File> files) {

    /** Copies the list. */
    public Manifest {
        files = List.copyOf(files);
    }

    /**
     * Returns the file with a path.
     *
     * @return empty if the repo has none at this revision
     */
    public Optional<File> file(String path) {
        return files.stream().filter(file -> file.path().equals(path)).findFirst();
    }

    /** How the server stores a file. */
    public enum Kind {
        /** As a container that decodes to the file. */
        RECORD,
        /** As it is. */
        PLAIN
    }

    /**
     * A file.
     *
     * @param path its path in the repo: relative, with {@code /} between names, safe to be resolved below a folder
     * @param size its bytes
     * @param sha256 the SHA-256 of its bytes
     * @param kind how it is stored
     * @param object the stored object; with {@link Kind#PLAIN} the file itself
     * @param objectSize bytes of the stored object
     * @param dependencies all that it takes to decode the record, what others need first; empty with
     *     {@link Kind#PLAIN}
     */
    public record File(String path, long size, Digest sha256, Kind kind, Digest object, long objectSize,
            List<Dependency> dependencies) {

        /** Copies the list. */
        public File {
            dependencies = List.copyOf(dependencies);
        }
    }

    /**
     * An object that a record needs, directly or through another.
     *
     * @param object the stored object
     * @param size its stored bytes
     * @param fileSha256 the SHA-256 of the file that it decodes to
     * @param role what it is to those that need it, in the server's words; shown to people only
     */
    public record Dependency(Digest object, long size, Digest fileSha256, String role) {}
}
