package io.weightspan.codec.residual;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.entropy.EncodingTables;
import java.lang.foreign.MemorySegment;

/**
 * Blocks of the residuals {@code coefficients} and {@code factors} ({@code encodings/coefficients.md}, {@code
 * encodings/lowrank.md}).
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
public final class CoefficientBlocks {
    /** Coefficients in a block that is not a tensor's last. */
    public static final int BLOCK = IntegerBlock.MOST;

    private static final int WIDTH = 32;
    private static final int SYMBOLS = 256;

    private final IntegerBlock integers = new IntegerBlock();

    /** Makes scratch memory. */
    public CoefficientBlocks() {}

    /**
     * The symbol of a coefficient.
     *
     * @param q the coefficient, of any value; one of 31 bits and more is an escape
     * @return 0 to 255
     */
    public static int symbol(int q) {
        return IntegerBlock.symbol(q);
    }

    /**
     * About what an ideal coder would spend on counted integers, raw bits included.
     *
     * @param counts 256 counts of symbols for each context
     * @param escapeBits bits of an integer that is escaped
     * @param bitsPerCell about what a cell of a table takes
     * @return bits
     */
    public static double bits(long[] counts, int escapeBits, double bitsPerCell) {
        double bits = 0;
        for (int at = 0; at < counts.length; at += SYMBOLS) {
            double total = 0;
            for (int s = 0; s < SYMBOLS; s++) {
                total += counts[at + s];
            }
            for (int s = 0; s < SYMBOLS && total > 0; s++) {
                long count = counts[at + s];
                if (count > 0) {
                    int raw = s == DeltaSymbols.ESCAPE ? escapeBits : DeltaSymbols.NARROW.rawBits[s];
                    bits += count * (raw + Math.log(total / count) / Math.log(2)) + bitsPerCell;
                }
            }
        }
        return bits;
    }

    /**
     * Decodes a block.
     *
     * @param block the stored bytes
     * @param tables the tables
     * @param tableOffsets where the table of each coefficient begins; at least n entries
     * @param n number of coefficients, 1 to 65,536
     * @param out receives them
     * @param at index of the first one in {@code out}
     * @throws ContainerException {@code MALFORMED_BLOCK} (R-COF-001)
     */
    public void decode(MemorySegment block, DecodingTables tables, int[] tableOffsets, int n, int[] out, int at)
            throws ContainerException {
        integers.decode(block, tables, tableOffsets, n, WIDTH, out, at);
    }

    /**
     * Encodes a block.
     *
     * @param coefficients holds them
     * @param from index of the first
     * @param n how many, 1 to 65,536
     * @param tables the tables, each with a code for an escape
     * @param tableOf the index of each coefficient's table, by its index in {@code coefficients}
     * @return the stored bytes
     */
    public byte[] encode(int[] coefficients, int from, int n, EncodingTables tables, int[] tableOf) {
        return integers.encode(tables, tableOf, from, coefficients, from, n, WIDTH, i -> coefficients[from + i]);
    }
}
