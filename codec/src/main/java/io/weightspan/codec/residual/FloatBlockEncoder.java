package io.weightspan.codec.residual;

import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.entropy.EncodingTables;
import io.weightspan.codec.kernel.Kernels;
import io.weightspan.codec.kernel.RansKernel;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Encodes blocks of the residuals {@code direct} and {@code delta} in the mode that takes the fewest bytes.
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
public final class FloatBlockEncoder {
    /** Elements for which one more lane is worth what it costs: a byte where raw bits fill it, else three. */
    private static final int ELEMENTS_PER_LANE = 8_192;

    /** Elements from which on a block has all lanes, which vector kernels want. */
    private static final int MANY_ELEMENTS = 1 << 15;

    private static final int MAX_LANES = 32;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfChar WORD =
            ValueLayout.JAVA_CHAR_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final FloatSymbolizer symbolizer;
    private final BitWriter raw = new BitWriter(FloatBlockDecoder.BLOCK);
    private final char[] words = new char[FloatBlockDecoder.BLOCK + RansKernel.PADDING];

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
        int lanesLog = lanesLog(n);
        int[] states = new int[1 << lanesLog];
        if (!findCodes(tensor, n)) {
            return null;
        }
        raw.reset();
        symbolizer.writeRaw(tensor.format(), delta, n, raw);
        for (int lane = 0; lane < states.length; lane++) {
            states[lane] = 1 << 16 | raw.word(lane);
        }
        int wordCount = Kernels.rans().encode(tensor.tables().codes(), symbolizer.contexts, n, states, words);
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

    private static int lanesLog(int n) {
        int lanes = n >= MANY_ELEMENTS ? MAX_LANES : Math.max(1, n / ELEMENTS_PER_LANE);
        return 31 - Integer.numberOfLeadingZeros(lanes);
    }
}
