package io.weightspan.codec.kernel;

/**
 * Decodes the symbols of one block from interleaved rANS lanes ({@code encodings/rans.md}).
 *
 * <p>Every implementation gives identical results for every input. Stateless and thread-safe.
 */
public interface RansKernel {
    /**
     * Decodes {@code n} symbols; symbol i comes from lane i mod {@code states.length}.
     *
     * @param slots tables as {@code DecodingTables} lays them out
     * @param tableOffsets where the table of element i begins in {@code slots}; at least n entries
     * @param n number of symbols, at least 0
     * @param states the lanes' states, each at least 2^16 unsigned; 1, 2, 4, 8, 16 or 32 of them; holds the final
     *      states after
     * @param words the words, followed by at least one entry that is not used
     * @param wordCount number of words that may be used
     * @param symbols receives the symbols
     * @return words used, or a number above {@code wordCount} if the block needs more; the symbols mean nothing then
     */
    int decode(int[] slots, int[] tableOffsets, int n, int[] states, char[] words, int wordCount, byte[] symbols);
}
