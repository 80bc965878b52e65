package io.weightspan.cli.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds what somebody may have meant. */
final class NearestWord {

    private static final int MAX_EDITS = 3;
    private static final int MAX_LENGTH = 64;

    private NearestWord() {}

    /** Returns the known word that differs least from another, or null where all differ by more than three letters. */
    static @Nullable String to(String word, List<String> known) {
        if (word.length() > MAX_LENGTH) {
            return null;
        }
        String nearest = null;
        int fewest = MAX_EDITS + 1;
        for (String candidate : known) {
            int edits = edits(word, candidate);
            if (edits < fewest) {
                fewest = edits;
                nearest = candidate;
            }
        }
        return nearest;
    }

    /** Returns how many letters have to be added, removed or changed. */
    private static int edits(String from, String to) {
        int[] row = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int changed = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.length()];
    }
}
