package io.weightspan.codec.entropy;

import java.util.List;

/**
 * Frequency tables unfolded for decoding: for each table and each of 4,096 slots the symbol, its frequency and the
 * slot's place within the symbol, in one int.
 *
 * <p>Immutable and thread-safe; 16 KiB a table.
 *
 * <pre>
 *   31            20 19             8 7            0
 *  +----------------+----------------+--------------+
 *  | slot - F(s)    | f(s)           | s            |
 *  +----------------+----------------+--------------+
 * </pre>
 */
public final class DecodingTables {
    private final int[] slots;
    private final int count;

    /**
     * Unfolds tables.
     *
     * @param tables the tables, at most 1,024 (R-LIM-008)
     */
    public DecodingTables(List<FrequencyTable> tables) {
        count = tables.size();
        slots = new int[Math.multiplyExact(count, FrequencyTable.TOTAL)];
        int at = 0;
        for (FrequencyTable table : tables) {
            for (int s = 0; s < FrequencyTable.SYMBOLS; s++) {
                int f = table.frequency(s);
                for (int place = 0; place < f; place++) {
                    slots[at++] = place << 20 | f << 8 | s;
                }
            }
        }
    }

    /**
     * Number of tables.
     *
     * @return how many
     */
    public int count() {
        return count;
    }

    /**
     * The slots of all tables; table k begins at k * 4,096. Shared with kernels, so not a copy: do not write.
     *
     * @return the slots
     */
    public int[] slots() {
        return slots;
    }
}
