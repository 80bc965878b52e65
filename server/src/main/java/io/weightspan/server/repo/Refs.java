package io.weightspan.server.repo;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The branches and tags of a repository at one moment.
 *
 * @param branches commit ids (40 hexadecimal digits) by name
 * @param tags the same for tags
 */
public record Refs(SortedMap<String, String> branches, SortedMap<String, String> tags) {

    /** Copies the maps. */
    public Refs {
        branches = Collections.unmodifiableSortedMap(new TreeMap<>(branches));
        tags = Collections.unmodifiableSortedMap(new TreeMap<>(tags));
    }
}
