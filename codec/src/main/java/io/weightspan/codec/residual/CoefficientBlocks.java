package io.weightspan.codec.residual;

import static io.weightspan.codec.residual.SymbolStream.check;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.entropy.EncodingTables;
import io.weightspan.codec.kernel.ElementKernel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Blocks of the residual {@code coefficients} ({@code encodings/coefficients.md}).
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
public final class CoefficientBlocks {
    /** Coefficients in a block that is not a tensor's last. */
    public static final int BLOCK = SymbolStream.MOST;

    private static final int WIDTH = 32;

    /** Symbols this far from no difference have 31 bits and more. */
    static final int MOST_DISTANCE = 4 * (WIDTH - 1) - 5;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final SymbolStream stream = new SymbolStream();
    private final SymbolStreamEncoder encoder = new SymbolStreamEncoder();
    private final BitWriter raw = new BitWriter(BLOCK);
    private final int[] places = new int[BLOCK];
    private final byte[] symbols = new byte[BLOCK];
    private final int[] fields = new int[BLOCK];
    private final int[] widths = new int[256];

    /** Makes scratch memory. */
    public CoefficientBlocks() {
        for (int s = 1; s < widths.length; s++) {
            widths[s] = DeltaSymbols.NARROW.rawBits[s];
        }
        widths[DeltaSymbols.ESCAPE] = WIDTH;
    }

    /**
     * The symbol of a coefficient.
     *
     * @param q the coefficient, of any value; one of 31 bits and more is an escape
     * @return 0 to 255
     */
    public static int symbol(int q) {
        long a = Math.abs((long) q);
        int s = a >>> WIDTH - 2 != 0 ? DeltaSymbols.ESCAPE : DeltaSymbols.NARROW.of(a, q < 0);
        return Math.abs(s - DeltaSymbols.ZERO) > MOST_DISTANCE ? DeltaSymbols.ESCAPE : s;
    }

    /**
     * Raw bits of a symbol.
     *
     * @param symbol 0 to 255
     * @return how many follow it
     */
    public static int rawBits(int symbol) {
        return symbol == DeltaSymbols.ESCAPE ? WIDTH : DeltaSymbols.NARROW.rawBits[symbol];
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
        check(block.byteSize() > 0, "is empty");
        int head = block.get(ValueLayout.JAVA_BYTE, 0) & 0xFF;
        int mode = head & 15;
        check(mode == FloatBlockDecoder.MODE_CODED || head == FloatBlockDecoder.MODE_PREDICTED, "has bad mode " + head);
        if (mode == FloatBlockDecoder.MODE_PREDICTED) {
            check(block.byteSize() == 1, "has a bad length");
            Arrays.fill(out, at, at + n, 0);
            return;
        }
        long bit = stream.decode(block, head >> 4, tables, tableOffsets, n);
        byte[] bytes = stream.raw();
        int furthest = 0;
        for (int i = 0; i < n; i++) {
            int s = stream.symbols[i] & 0xFF;
            int count = widths[s];
            int field = (int) ((long) LONG.get(bytes, (int) (bit >>> 3)) >>> (bit & 7) & (1L << count) - 1);
            bit += count;
            if (s == DeltaSymbols.ESCAPE) {
                out[at + i] = field;
            } else {
                furthest = Math.max(furthest, Math.abs(s - DeltaSymbols.ZERO));
                int a = (int) DeltaSymbols.NARROW.base[s] | field;
                out[at + i] = s < DeltaSymbols.ZERO ? -a : a;
            }
        }
        check(furthest <= MOST_DISTANCE, "has a coefficient of too many bits");
        stream.checkEnd(bit);
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
        int any = 0;
        for (int i = 0; i < n; i++) {
            int q = coefficients[from + i];
            any |= q;
            int s = symbol(q);
            int place = tables.place(tableOf[from + i], s);
            if (place < 0) {
                s = ElementKernel.ESCAPE;
                place = tables.place(tableOf[from + i], s);
            }
            places[i] = place;
            symbols[i] = (byte) s;
            fields[i] = s == ElementKernel.ESCAPE ? q : Math.abs(q);
        }
        if (any == 0) {
            return new byte[] {FloatBlockDecoder.MODE_PREDICTED};
        }
        raw.reset();
        raw.writeAll(fields, symbols, widths, n);
        return encoder.encode(tables, places, n, raw);
    }
}
