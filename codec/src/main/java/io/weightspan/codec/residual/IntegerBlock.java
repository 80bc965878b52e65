package io.weightspan.codec.residual;

import static io.weightspan.codec.residual.SymbolStream.check;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.entropy.EncodingTables;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * A block of signed integers ({@code encodings/coefficients.md}, {@code encodings/bounded.md}), of which those that are
 * escaped hold bits that the caller gives a meaning.
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
final class IntegerBlock {
    /** Integers in a block that is not a tensor's last. */
    static final int MOST = SymbolStream.MOST;

    private static final int WIDTH = 32;

    /** Symbols this far from 0 have 31 bits and more. */
    private static final int MOST_DISTANCE = 4 * (WIDTH - 1) - 5;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final SymbolStream stream = new SymbolStream();
    private final SymbolStreamEncoder encoder = new SymbolStreamEncoder();
    private final BitWriter raw = new BitWriter(MOST);
    private final int[] places = new int[MOST];
    private final byte[] symbols = new byte[MOST];
    private final int[] fields = new int[MOST];
    private final int[] widths = new int[256];

    IntegerBlock() {
        for (int s = 1; s < widths.length; s++) {
            widths[s] = DeltaSymbols.NARROW.rawBits[s];
        }
    }

    /** The symbol of an integer; one of 31 bits and more is an escape. */
    static int symbol(int q) {
        long a = Math.abs((long) q);
        int s = a >>> WIDTH - 2 != 0 ? DeltaSymbols.ESCAPE : DeltaSymbols.NARROW.of(a, q < 0);
        return Math.abs(s - DeltaSymbols.ZERO) > MOST_DISTANCE ? DeltaSymbols.ESCAPE : s;
    }

    /**
     * Decodes a block.
     *
     * @param tableOffsets where the table of each integer begins; at least n entries
     * @param n how many integers, 1 to 65,536
     * @param escapeBits bits of one that is escaped
     * @param out receives them, of escapes the bits
     * @param at index of the first one in {@code out}
     * @return how many are escaped
     * @throws ContainerException {@code MALFORMED_BLOCK} (R-COF-001, R-BND-001)
     */
    int decode(
            MemorySegment block,
            DecodingTables tables,
            int[] tableOffsets,
            int n,
            int escapeBits,
            int[] out,
            int at)
            throws ContainerException {
        check(block.byteSize() > 0, "is empty");
        int head = block.get(ValueLayout.JAVA_BYTE, 0) & 0xFF;
        int mode = head & 15;
        check(mode == FloatBlockDecoder.MODE_CODED || head == FloatBlockDecoder.MODE_PREDICTED, "has bad mode " + head);
        if (mode == FloatBlockDecoder.MODE_PREDICTED) {
            check(block.byteSize() == 1, "has a bad length");
            Arrays.fill(out, at, at + n, 0);
            return 0;
        }
        long bit = stream.decode(block, head >> 4, tables, tableOffsets, n);
        return unfold(n, escapeBits, bit, out, at);
    }

    private int unfold(int n, int escapeBits, long begin, int[] out, int at) throws ContainerException {
        widths[DeltaSymbols.ESCAPE] = escapeBits;
        byte[] bytes = stream.raw();
        long bit = begin;
        int escaped = 0;
        int furthest = 0;
        for (int i = 0; i < n; i++) {
            int s = stream.symbols[i] & 0xFF;
            int count = widths[s];
            int field = (int) ((long) LONG.get(bytes, (int) (bit >>> 3)) >>> (bit & 7) & (1L << count) - 1);
            bit += count;
            if (s == DeltaSymbols.ESCAPE) {
                out[at + i] = field;
                places[escaped++] = i;
            } else {
                furthest = Math.max(furthest, Math.abs(s - DeltaSymbols.ZERO));
                int a = (int) DeltaSymbols.NARROW.base[s] | field;
                out[at + i] = s < DeltaSymbols.ZERO ? -a : a;
            }
        }
        check(furthest <= MOST_DISTANCE, "has a number of too many bits");
        stream.checkEnd(bit);
        return escaped;
    }

    /** Where in the block last decoded an escape is. */
    int escape(int index) {
        return places[index];
    }

    /**
     * Encodes a block.
     *
     * @param tables the tables, each with a code for an escape
     * @param tableOf the index of each integer's table, from {@code tableAt} on
     * @param numbers holds the integers, from {@code from} on
     * @param n how many, 1 to 65,536
     * @param escapeBits bits of one that is escaped
     * @param escape gives these by the integer's place in the block
     * @return the stored bytes
     */
    byte[] encode(
            EncodingTables tables,
            int[] tableOf,
            int tableAt,
            int[] numbers,
            int from,
            int n,
            int escapeBits,
            IntUnaryOperator escape) {
        widths[DeltaSymbols.ESCAPE] = escapeBits;
        int any = 0;
        for (int i = 0; i < n; i++) {
            int q = numbers[from + i];
            any |= q;
            int s = symbol(q);
            int place = tables.place(tableOf[tableAt + i], s);
            if (place < 0) {
                s = DeltaSymbols.ESCAPE;
                place = tables.place(tableOf[tableAt + i], s);
            }
            places[i] = place;
            symbols[i] = (byte) s;
            fields[i] = s == DeltaSymbols.ESCAPE ? escape.applyAsInt(i) : Math.abs(q);
        }
        if (any == 0) {
            return new byte[] {FloatBlockDecoder.MODE_PREDICTED};
        }
        raw.reset();
        raw.writeAll(fields, symbols, widths, n);
        return encoder.encode(tables, places, n, raw);
    }
}
