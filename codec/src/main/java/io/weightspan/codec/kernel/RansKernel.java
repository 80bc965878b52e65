package io.weightspan.codec.kernel;

/**
 * Codes the symbols of one block in interleaved rANS lanes ({@code encodings/rans.md}).
 *
 * <p>Every implementation gives identical results for every input. Stateless and thread-safe.
 */
public interface RansKernel {
    /** Entries that {@link #encode} may write beyond the words. */
    int PADDING = 32;

    /**
     * Decodes {@code n} symbols; symbol i comes from lane i mod {@code states.length}.
     *
     * @param slots tables as {@code DecodingTables} lays them out
     * @param tableOffsets where the table of element i begins in {@code slots}; at least n entries
     * @param n number of symbols, at least 0
     * @param states the lanes' states, each at least 2^16 unsigned; 1, 2, 4, 8, 16 or 32 of them; holds the final
     *      states after
     * @param words the words, as many as {@code wordCount} or more
     * @param wordCount number of words that may be used
     * @param symbols receives the symbols
     * @return words used, or a number above {@code wordCount} if the block needs more; the symbols mean nothing then
     */
    int decode(int[] slots, int[] tableOffsets, int n, int[] states, char[] words, int wordCount, byte[] symbols);

    /**
     * Encodes {@code n} symbols, the last one first, as rANS demands.
     *
     * @param codes tables as {@code EncodingTables} lays them out
     * @param places for each element where its symbol's code is in {@code codes}; the frequency there is not 0
     * @param n number of symbols, at least 0
     * @param states the states that the decoder shall end with, each at least 2^16 and below 2^17; 1, 2, 4, 8, 16 or 32
     *      of them; receives those that it begins with
     * @param words receives the words, the decoder's last one first; at least n + {@link #PADDING} entries
     * @return number of words, at most n
     */
    int encode(int[] codes, int[] places, int n, int[] states, char[] words);
}
