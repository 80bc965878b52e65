package io.weightspan.codec.kernel;

/**
 * Turns the symbols of a block into elements of up to 32 bits, and back ({@code encodings/direct.md}, {@code
 * encodings/delta.md}). Elements stand in ints, one each.
 *
 * <p>Every implementation gives identical results for every input. Stateless and thread-safe.
 */
public interface ElementKernel {
    /** The symbol of an element or a difference whose bits follow whole. */
    int ESCAPE = 0;

    /** The symbol of an element that is zero, in the residual {@code direct}. */
    int ZERO_ELEMENT = 1;

    /** In the residual {@code direct}: the symbol of the key that equals the element's scale. */
    int KEY_ORIGIN = 128;

    /** In the residual {@code delta}: the symbol of no difference. */
    int ZERO_DIFFERENCE = 128;

    /** The context of a prediction whose key equals the element's scale. */
    int CONTEXT_ORIGIN = 32;

    /** Number of contexts. */
    int CONTEXTS = 128;

    /** Bytes after the last one that the raw bits of a block may reach, which a kernel may read beyond them. */
    int PADDING = 64;

    /**
     * Finds the context of each element's difference: {@code min(max(key(p) - S + 32, 0), 127)}.
     *
     * @param layout how elements are cut
     * @param predicted coded bits of the predictions, n of them
     * @param scales the elements' scales
     * @param n number of elements, at least 0
     * @param contexts receives n contexts, 0 to 127
     */
    void contexts(BitLayout layout, int[] predicted, int[] scales, int n, int[] contexts);

    /**
     * Decodes the residual {@code delta}.
     *
     * @param layout how elements are cut
     * @param symbols n symbols
     * @param predicted coded bits of the predictions; replaced by the elements, padding included
     * @param n number of elements, at least 0
     * @param raw bytes that hold the raw bits
     * @param bit where the raw bits begin; for every element at most {@code width} are read, and the array goes on
     *      for {@link #PADDING} bytes more
     * @return position of the bit after the last one, or -1 if a symbol's difference has more bits than an element
     */
    long delta(BitLayout layout, byte[] symbols, int[] predicted, int n, byte[] raw, long bit);

    /**
     * Decodes the residual {@code direct}.
     *
     * @param layout how elements are cut
     * @param symbols n symbols
     * @param scales the elements' scales
     * @param elements receives the elements, padding included
     * @param n number of elements, at least 0
     * @param raw bytes that hold the raw bits
     * @param bit where the raw bits begin; for every element at most {@code width} are read, and the array goes on
     *      for {@link #PADDING} bytes more
     * @return position of the bit after the last one, or -1 if a symbol stands for a key that elements cannot have
     */
    long direct(BitLayout layout, byte[] symbols, int[] scales, int[] elements, int n, byte[] raw, long bit);

    /**
     * Encodes the residual {@code delta}: finds the symbols and magnitudes of the differences.
     *
     * @param layout how elements are cut
     * @param elements coded bits of the elements, without padding
     * @param predicted coded bits of the predictions, without padding
     * @param n number of elements, at least 0
     * @param symbols receives n symbols, none of them an escape
     * @param magnitudes receives n magnitudes, whose low bits are the raw bits
     * @return whether every difference is zero
     */
    boolean differences(
            BitLayout layout, int[] elements, int[] predicted, int n, byte[] symbols, int[] magnitudes);

    /**
     * Encodes the residual {@code direct}: finds the symbols of the elements' magnitudes.
     *
     * @param layout how elements are cut
     * @param elements coded bits of the elements, without padding
     * @param scales the elements' scales
     * @param n number of elements, at least 0
     * @param symbols receives n symbols
     */
    void keys(BitLayout layout, int[] elements, int[] scales, int n, byte[] symbols);
}
