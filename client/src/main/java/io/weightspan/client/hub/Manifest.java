package io.weightspan.client.hub;

import io.weightspan.codec.container.Digest;
import java.util.List;
import java.util.Optional;
import java.util.Set;

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
     * @param original the SHA-256 of the file that was given to the store, where this is an approximation of it
     * @param layer the record's first layer, which decodes by itself
     * @param firstPartOf where {@code object} is not one that the server has by that name but the first part of one:
     *     that one
     */
    public record File(String path, long size, Digest sha256, Kind kind, Digest object, long objectSize,
            List<Dependency> dependencies, Optional<Digest> original, Optional<Layer> layer,
            Optional<Digest> firstPartOf) {

        /** Copies the list. */
        public File {
            dependencies = List.copyOf(dependencies);
        }

        /**
         * Returns the file as its first layer tells it, which takes fewer bytes to fetch.
         *
         * @return another file of the same path and size, near this one; this one where it has no first layer
         */
        public File atSpan() {
            if (layer.isEmpty()) {
                return this;
            }
            Layer first = layer.get();
            List<Dependency> needed = dependencies.stream()
                    .filter(dependency -> first.dependencies().contains(dependency.object()))
                    .toList();
            return new File(path, size, first.fileSha256(), kind, first.sha256(), first.size(), needed,
                    Optional.of(original.orElse(sha256)), Optional.empty(), Optional.of(object));
        }
    }

    /**
     * The first part of a record, which decodes by itself to an approximation of the file.
     *
     * @param sha256 the SHA-256 of its bytes
     * @param size how many they are
     * @param fileSha256 the SHA-256 of what they decode to
     * @param dependencies the objects that it takes to decode them
     */
    public record Layer(Digest sha256, long size, Digest fileSha256, Set<Digest> dependencies) {

        /** Copies the set. */
        public Layer {
            dependencies = Set.copyOf(dependencies);
        }
    }

    /**
     * Returns the same revision with every file as its first layer tells it, where it has one.
     *
     * @return a manifest whose fetch takes fewer bytes
     */
    public Manifest atSpan() {
        return new Manifest(repo, revision, family, files.stream().map(File::atSpan).toList());
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
