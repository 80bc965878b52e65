package io.weightspan.server.web;

import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.StoredBytes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a hub holds at a moment: of each repository the state that a visitor sees first. Immutable.
 *
 * @param heads in ascending order of their repositories
 * @param unreadable how many repositories could not be read
 */
record Catalog(List<Commit> heads, int unreadable) {

    /** Copies the list. */
    Catalog {
        heads = List.copyOf(heads);
    }

    /**
     * A family in it.
     *
     * @param name its name, anybody's text
     * @param heads its members
     * @param share what its members take, what they share counted once
     */
    record Family(String name, List<Commit> heads, Share share) {

        /** Returns the address of its page. */
        String link() {
            return Links.family(name);
        }
    }

    /**
     * Returns what a visitor sees of it.
     *
     * @throws IOException if what decides that can't be read
     */
    Catalog seenBy(Visibility.Viewer viewer) throws IOException {
        List<Commit> seen = new ArrayList<>();
        for (Commit head : heads) {
            if (viewer.sees(head.repo())) {
                seen.add(head);
            }
        }
        // How much can't be read is told to nobody who might not know of it.
        return new Catalog(seen, seen.size() == heads.size() ? unreadable : 0);
    }

    /** Returns the families in ascending order of name. */
    List<Family> families() {
        return families(heads);
    }

    /** Returns the members of a family; none where there is no such family. */
    List<Commit> family(String name) {
        return heads.stream().filter(head -> head.family().equals(name)).toList();
    }

    /** Returns what everything takes, what repositories share counted once. */
    Share share() {
        return shareOf(heads);
    }

    /**
     * Returns the repositories whose name or family holds every word of a query, whatever its case; all of them for a
     * query without words.
     */
    List<Commit> search(String query) {
        List<String> words = words(query);
        return heads.stream()
                .filter(head -> holds(head.repo() + " " + head.family(), words))
                .toList();
    }

    /** Returns the families whose name holds every word of a query. */
    List<Family> searchFamilies(String query) {
        List<String> words = words(query);
        return families().stream().filter(family -> holds(family.name(), words)).toList();
    }

    /** Returns what commits take, an object that several hold or need counted once. */
    static Share shareOf(Collection<Commit> commits) {
        StoredBytes stored = new StoredBytes();
        long bytes = 0;
        for (Commit commit : commits) {
            bytes += commit.size();
            stored.add(commit);
        }
        return new Share(stored.total(), bytes);
    }

    private static List<Family> families(List<Commit> heads) {
        Map<String, List<Commit>> byName = new TreeMap<>();
        for (Commit head : heads) {
            byName.computeIfAbsent(head.family(), name -> new ArrayList<>()).add(head);
        }
        return byName.entrySet().stream()
                .filter(family -> !family.getKey().isEmpty())
                .map(family -> new Family(
                        family.getKey(), List.copyOf(family.getValue()), shareOf(family.getValue())))
                .toList();
    }

    private static List<String> words(String query) {
        return List.of(query.toLowerCase(Locale.ROOT).strip().split("\\s+", -1));
    }

    private static boolean holds(String text, List<String> words) {
        String lower = text.toLowerCase(Locale.ROOT);
        return words.stream().allMatch(lower::contains);
    }
}
