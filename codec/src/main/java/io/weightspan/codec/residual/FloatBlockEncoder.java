package io.weightspan.codec.residual;

import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.entropy.EncodingTables;
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
    /** Elements for which one more lane is worth its four bytes. */
    private static final int ELEMENTS_PER_LANE = 8_192;

    private static final int MAX_LANES = 32;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle CHAR = MethodHandles.byteArrayViewVarHandle(char[].class, ByteOrder.LITTLE_ENDIAN);

    private final FloatSymbolizer symbolizer;
    private final BitWriter raw = new BitWriter(FloatBlockDecoder.BLOCK);
    private final char[] words = new char[FloatBlockDecoder.BLOCK];

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

    /** The block in mode 3, or null where the tables or the word count cannot express it. */
    private byte @Nullable [] code(Parameters tensor, boolean delta, int n) {
        int[] contexts = symbolizer.contexts;
        byte[] symbols = symbolizer.symbols;
        for (int i = 0; i < n; i++) {
            contexts[i] = tensor.contexts()[contexts[i]];
            if (!tensor.tables().codes(contexts[i], symbols[i] & 0xFF)) {
                symbols[i] = DeltaSymbols.ESCAPE;
                if (!tensor.tables().codes(contexts[i], DeltaSymbols.ESCAPE)) {
                    return null;
                }
            }
        }
        int lanesLog = lanesLog(n);
        int[] states = new int[1 << lanesLog];
        int firstWord = tensor.tables().encode(contexts, symbols, n, states, words);
        int wordCount = words.length - firstWord;
        if (wordCount > Character.MAX_VALUE) {
            return null;
        }
        raw.reset();
        symbolizer.writeRaw(tensor.format(), delta, n, raw);
        int at = 3 + 4 * states.length;
        byte[] block = new byte[at + 2 * wordCount + raw.byteLength()];
        block[0] = (byte) (FloatBlockDecoder.MODE_CODED | lanesLog << 4);
        CHAR.set(block, 1, (char) wordCount);
        for (int lane = 0; lane < states.length; lane++) {
            INT.set(block, 3 + 4 * lane, states[lane]);
        }
        for (int i = 0; i < wordCount; i++) {
            CHAR.set(block, at + 2 * i, words[firstWord + i]);
        }
        raw.copyTo(block, at + 2 * wordCount);
        return block;
    }

    private static int lanesLog(int n) {
        int lanes = Math.min(MAX_LANES, Math.max(1, n / ELEMENTS_PER_LANE));
        return 31 - Integer.numberOfLeadingZeros(lanes);
    }
}
