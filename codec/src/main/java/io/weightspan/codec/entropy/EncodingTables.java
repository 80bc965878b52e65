package io.weightspan.codec.entropy;

import java.util.List;

/**
 * Frequency tables unfolded for encoding: for each table and each of 256 symbols its frequency and the sum of the
 * frequencies before it, in one int.
 *
 * <p>Immutable and thread-safe; 1 KiB a table.
 *
 * <pre>
 *   31                     16 15                      0
 *  +-------------------------+-------------------------+
 *  | F(s)                    | f(s)                    |
 *  +-------------------------+-------------------------+
 * </pre>
 */
public final class EncodingTables {
    private static final int FREQUENCY = 0xFFFF;

    private final int count;
    private final int[] codes;

    /**
     * Unfolds tables.
     *
     * @param tables the tables
     */
    public EncodingTables(List<FrequencyTable> tables) {
        count = tables.size();
        codes = new int[count * FrequencyTable.SYMBOLS];
        int at = 0;
        for (FrequencyTable table : tables) {
            int sum = 0;
            for (int s = 0; s < FrequencyTable.SYMBOLS; s++) {
                int f = table.frequency(s);
                codes[at++] = f | sum << 16;
                sum += f;
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
     * Where the code of a symbol stands in {@link #codes}.
     *
     * @param table the table's index
     * @param symbol 0 to 255
     * @return the place, or a negative number if the table has no code for the symbol
     */
    public int place(int table, int symbol) {
        int place = table << 8 | symbol;
        return (codes[place] & FREQUENCY) == 0 ? -1 : place;
    }

    /**
     * The codes of all tables. Shared with kernels, so not a copy: do not write.
     *
     * @return the codes
     */
    public int[] codes() {
        return codes;
    }
}
