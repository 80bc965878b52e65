package io.weightspan.codec.residual;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.kernel.ElementKernel;
import io.weightspan.codec.kernel.Kernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The symbols and raw bits of a block of mode 3 ({@code encodings/rans.md}, {@code encodings/direct.md}).
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
final class SymbolStream {
    /** Symbols of a block at most. */
    static final int MOST = 1 << 16;

    private static final int MAX_LANES_LOG = 5;
    private static final int BYTES_PER_LANE = 4;
    private static final int WIDEST = Long.BYTES;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle CHAR = MethodHandles.byteArrayViewVarHandle(char[].class, ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfChar WORD =
            ValueLayout.JAVA_CHAR_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The symbols of the block last decoded. */
    final byte[] symbols = new byte[MOST];

    private final char[] words = new char[MOST];
    private byte[] stored = new byte[0];
    private int length;
    private int lanesEnd;

    /**
     * Decodes the symbols.
     *
     * @param block the stored bytes, of mode 3
     * @param lanesLog log2 of the lanes as the block gives it
     * @param tables the tables
     * @param tableOffsets where each symbol's table begins
     * @param n number of symbols, 1 to 65,536
     * @return where the raw bits begin in {@link #raw}
     * @throws ContainerException {@code MALFORMED_BLOCK} (R-RNS-001, R-RNS-002)
     */
    long decode(MemorySegment block, int lanesLog, DecodingTables tables, int[] tableOffsets, int n)
            throws ContainerException {
        check(lanesLog <= MAX_LANES_LOG, "has too many lanes");
        int lanes = 1 << lanesLog;
        load(block);
        int at = 1 + BYTES_PER_LANE * lanes;
        check(length >= at, "ends in its states");
        // A symbol takes one word at most; what follows the words that are taken is raw bits.
        int wordCount = Math.min(n, (length - at) / Character.BYTES);
        int[] states = new int[lanes];
        for (int lane = 0; lane < lanes; lane++) {
            states[lane] = (int) INT.get(stored, 1 + BYTES_PER_LANE * lane);
            check(states[lane] >>> 16 != 0, "has a bad state");
        }
        MemorySegment.copy(block, WORD, at, words, 0, wordCount);
        int used = Kernels.rans().decode(tables.slots(), tableOffsets, n, states, words, wordCount, symbols);
        check(used <= wordCount, "ends in its words");
        // The lanes hold the first raw bits: put them before the others, over words that have been used.
        int rawBegin = at + Character.BYTES * (used - lanes);
        for (int lane = 0; lane < lanes; lane++) {
            check(states[lane] >>> 16 == 1, "has a bad final state");
            CHAR.set(stored, rawBegin + Character.BYTES * lane, (char) states[lane]);
        }
        lanesEnd = rawBegin + Character.BYTES * lanes;
        return Byte.SIZE * (long) rawBegin;
    }

    /**
     * The bytes that hold the raw bits, followed by as many as symbols may claim and {@link ElementKernel#PADDING}.
     *
     * @return the array, valid until the next block
     */
    byte[] raw() {
        return stored;
    }

    /**
     * Checks that the raw bits end the block.
     *
     * @param end position of the bit after the last one
     * @throws ContainerException {@code MALFORMED_BLOCK} (R-DIR-002)
     */
    void checkEnd(long end) throws ContainerException {
        check(end <= 8L * length, "has too few raw bits");
        check(length == Math.max(lanesEnd, (int) (end + 7 >>> 3)), "has bytes after its raw bits");
        int at = (int) (end >>> 3);
        int unused = at < length ? (stored[at] & 0xFF) >> (end & 7) : 0;
        for (int i = at + 1; i < length; i++) {
            unused |= stored[i];
        }
        check(unused == 0, "has unused bits set");
    }

    private void load(MemorySegment block) throws ContainerException {
        long most = 1 + BYTES_PER_LANE * 32 + 2L * MOST + 8L * MOST + 8L;
        check(block.byteSize() <= most, "is too long");
        length = (int) block.byteSize();
        // However many raw bits the symbols claim, reading them stays within the array; the check comes after.
        int reach = length + WIDEST * MOST + ElementKernel.PADDING;
        if (stored.length < reach) {
            stored = new byte[reach];
        }
        MemorySegment.copy(block, ValueLayout.JAVA_BYTE, 0, stored, 0, length);
    }

    /** Refuses a block unless something holds. */
    static void check(boolean valid, String what) throws ContainerException {
        if (!valid) {
            throw new ContainerException(ErrorCode.MALFORMED_BLOCK, "block " + what);
        }
    }
}
