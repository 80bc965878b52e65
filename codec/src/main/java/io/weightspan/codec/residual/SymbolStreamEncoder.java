package io.weightspan.codec.residual;

import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.entropy.EncodingTables;
import io.weightspan.codec.kernel.Kernels;
import io.weightspan.codec.kernel.RansKernel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Makes blocks of mode 3 of symbols and raw bits: the inverse of {@link SymbolStream}.
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
final class SymbolStreamEncoder {
    /** Symbols for which one more lane is worth what it costs: a byte where raw bits fill it, else three. */
    private static final int SYMBOLS_PER_LANE = 8_192;

    /** Symbols from which on a block has all lanes, which vector kernels want. */
    private static final int MANY_SYMBOLS = 1 << 15;

    private static final int MAX_LANES = 32;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfChar WORD =
            ValueLayout.JAVA_CHAR_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final char[] words = new char[SymbolStream.MOST + RansKernel.PADDING];

    /**
     * Makes a block.
     *
     * @param tables the tables
     * @param places where the codes of the symbols are in the tables
     * @param n number of symbols, 1 to 65,536
     * @param raw all raw bits
     * @return the stored bytes
     */
    byte[] encode(EncodingTables tables, int[] places, int n, BitWriter raw) {
        int lanesLog = lanesLog(n);
        int[] states = new int[1 << lanesLog];
        for (int lane = 0; lane < states.length; lane++) {
            states[lane] = 1 << 16 | raw.word(lane);
        }
        int wordCount = Kernels.rans().encode(tables.codes(), places, n, states, words);
        int held = Math.min(2 * states.length, raw.byteLength());
        int at = 1 + 4 * states.length;
        byte[] block = new byte[at + 2 * wordCount + raw.byteLength() - held];
        block[0] = (byte) (FloatBlockDecoder.MODE_CODED | lanesLog << 4);
        for (int lane = 0; lane < states.length; lane++) {
            INT.set(block, 1 + 4 * lane, states[lane]);
        }
        for (int i = 0; i < wordCount / 2; i++) {
            char first = words[i];
            words[i] = words[wordCount - 1 - i];
            words[wordCount - 1 - i] = first;
        }
        MemorySegment.copy(words, 0, MemorySegment.ofArray(block), WORD, at, wordCount);
        raw.copyTo(held, block, at + 2 * wordCount);
        return block;
    }

    private static int lanesLog(int n) {
        int lanes = n >= MANY_SYMBOLS ? MAX_LANES : Math.max(1, n / SYMBOLS_PER_LANE);
        return 31 - Integer.numberOfLeadingZeros(lanes);
    }
}
