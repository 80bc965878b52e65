package io.weightspan.codec.entropy;

import java.util.Arrays;
import java.util.List;

/**
 * Frequency tables prepared for encoding: division by a frequency becomes a multiplication.
 *
 * <p>Immutable and thread-safe.
 */
public final class EncodingTables {
    private final int count;
    private final long[] reciprocals;
    private final int[] limits;
    private final int[] biases;
    private final short[] frequencies;

    /**
     * Prepares tables.
     *
     * @param tables the tables
     */
    public EncodingTables(List<FrequencyTable> tables) {
        count = tables.size();
        int size = count * FrequencyTable.SYMBOLS;
        reciprocals = new long[size];
        limits = new int[size];
        biases = new int[size];
        frequencies = new short[size];
        int at = 0;
        for (FrequencyTable table : tables) {
            int sum = 0;
            for (int s = 0; s < FrequencyTable.SYMBOLS; s++, at++) {
                int f = table.frequency(s);
                frequencies[at] = (short) f;
                limits[at] = f << 20;
                // floor(x / f) = high 64 bits of x * (floor(2^64 / f) + 1) for every x below 2^32 and f from 2 on;
                // for f = 1 the product with 2^64 - 1 gives x - 1, which the bias makes good.
                reciprocals[at] = f < 2 ? -1L : Long.divideUnsigned(-1L, f) + 1;
                biases[at] = f == 1 ? sum + FrequencyTable.TOTAL - 1 : sum;
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
     * Whether a table can code a symbol.
     *
     * @param table the table's index
     * @param symbol 0 to 255
     * @return whether its frequency is not 0
     */
    public boolean codes(int table, int symbol) {
        return frequencies[table * FrequencyTable.SYMBOLS + symbol] != 0;
    }

    /**
     * Encodes symbols into interleaved lanes, last symbol first, as rANS demands.
     *
     * @param tables the table's index of each element
     * @param symbols the symbols, each with a frequency in its table
     * @param n number of symbols
     * @param states receives the states that the decoder begins with; as many as there are lanes
     * @param words filled from its end; at least n entries
     * @return index in {@code words} of the first word in the decoder's order
     */
    public int encode(int[] tables, byte[] symbols, int n, int[] states, char[] words) {
        Arrays.fill(states, 1 << 16);
        int at = words.length;
        int laneMask = states.length - 1;
        for (int i = n - 1; i >= 0; i--) {
            int entry = tables[i] << 8 | symbols[i] & 0xFF;
            int x = states[i & laneMask];
            if (Integer.compareUnsigned(x, limits[entry]) >= 0) {
                words[--at] = (char) x;
                x >>>= 16;
            }
            int quotient = (int) Math.unsignedMultiplyHigh(reciprocals[entry], x & 0xFFFFFFFFL);
            states[i & laneMask] = x + biases[entry] + quotient * (FrequencyTable.TOTAL - frequencies[entry]);
        }
        return at;
    }
}
