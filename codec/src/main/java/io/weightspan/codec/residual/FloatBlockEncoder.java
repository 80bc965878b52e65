package io.weightspan.codec.residual;

import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.entropy.EncodingTables;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Encodes blocks of the residuals {@code direct}, {@code delta} and {@code cells} in the mode that takes the fewest
 * bytes.
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
public final class FloatBlockEncoder {

    private final FloatSymbolizer symbolizer;
    private final BitWriter raw = new BitWriter(FloatBlockDecoder.BLOCK);
    private final SymbolStreamEncoder stream = new SymbolStreamEncoder();

    /**
     * What a tensor's blocks have in common.
     *
     * @param format how elements are cut
     * @param scales the elements' scales
     * @param tables the record's tables
     * @param contexts the table's index of each of 128 contexts
     */
    public record Parameters(FloatFormat format, ElementScales scales, EncodingTables tables, int[] contexts) {}

    /**
     * Makes an encoder for elements of a dtype.
     *
     * @param dtype a dtype with a float coding
     */
    public FloatBlockEncoder(DType dtype) {
        symbolizer = FloatSymbolizer.create(dtype);
    }

    /**
     * Encodes one block.
     *
     * @param tensor the tensor's parameters
     * @param elements the block's elements, 1 to 65,536; every one's padding is zero
     * @param prediction of the same elements, or null for the residual {@code direct}
     * @param first index in the tensor of the block's first element
     * @return the stored bytes
     */
    public byte[] encode(
            Parameters tensor, MemorySegment elements, @Nullable Prediction prediction, long first) {
        FloatFormat format = tensor.format();
        int width = format.dtype().bits() / 8;
        int n = Math.toIntExact(elements.byteSize() / width);
        if (prediction == null) {
            symbolizer.direct(format, tensor.scales(), elements, first);
        } else if (symbolizer.delta(format, tensor.scales(), elements, prediction, first)) {
            return new byte[] {FloatBlockDecoder.MODE_PREDICTED};
        }
        if (n > 1 && symbolizer.isConstant(n)) {
            return whole(FloatBlockDecoder.MODE_CONSTANT, elements.asSlice(0, width));
        }
        byte[] coded = code(tensor, prediction != null, n);
        return coded != null && coded.length <= elements.byteSize()
                ? coded
                : whole(FloatBlockDecoder.MODE_RAW, elements);
    }

    private static byte[] whole(int mode, MemorySegment elements) {
        byte[] block = new byte[Math.toIntExact(1 + elements.byteSize())];
        block[0] = (byte) mode;
        MemorySegment.copy(elements, ValueLayout.JAVA_BYTE, 0, block, 1, block.length - 1);
        return block;
    }

    /** The block in mode 3, or null where the tables cannot express it. */
    private byte @Nullable [] code(Parameters tensor, boolean delta, int n) {
        if (!findCodes(tensor, n)) {
            return null;
        }
        raw.reset();
        symbolizer.writeRaw(tensor.format(), delta, n, raw);
        return stream.encode(tensor.tables(), symbolizer.contexts, n, raw);
    }

    /**
     * Puts places of codes where contexts were, and escapes where symbols were that their tables do not have; false
     * where a table has no escape either.
     */
    private boolean findCodes(Parameters tensor, int n) {
        int[] contexts = symbolizer.contexts;
        byte[] symbols = symbolizer.symbols;
        int[] tableOf = tensor.contexts();
        EncodingTables tables = tensor.tables();
        for (int i = 0; i < n; i++) {
            int table = tableOf[contexts[i]];
            int place = tables.place(table, symbols[i] & 0xFF);
            if (place < 0) {
                symbols[i] = DeltaSymbols.ESCAPE;
                place = tables.place(table, DeltaSymbols.ESCAPE);
                if (place < 0) {
                    return false;
                }
            }
            contexts[i] = place;
        }
        return true;
    }
}
