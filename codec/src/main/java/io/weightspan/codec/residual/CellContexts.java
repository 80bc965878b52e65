package io.weightspan.codec.residual;

import io.weightspan.codec.tensor.DType;

/**
 * The contexts of the residual {@code cells} ({@code encodings/cells.md}): how near a prediction lies to the edge of
 * the cell of numbers that are rounded to the same element, and on which side.
 *
 * <p>Holds scratch memory for one block; one thread at a time.
 */
public final class CellContexts {
    /** The context of an element whose prediction is not finite. */
    private static final int NOT_FINITE = FloatBlockDecoder.CONTEXTS - 1;

    private static final int WIDTHS = 8;
    private static final int DISTANCES = 16;
    /** Cells of this many octaves below the scale have the first class of widths. */
    private static final int NARROW = 4;

    private static final int EXPONENTS = 256;
    private static final int MANTISSA = 23;
    private static final int EXPONENT_BIAS = 127;
    /** Of a binary32, all but what a key has. */
    private static final int KEY_SHIFT = 21;

    private static final Halves BF16 = Halves.of(DType.BF16);
    private static final Halves F16 = Halves.of(DType.F16);

    private final boolean[] turned = new boolean[FloatBlockDecoder.BLOCK];

    CellContexts() {}

    /** Half the width of a cell, and its key, by the exponent bits of a binary32 in it. */
    private record Halves(float[] widths, int[] keys) {
        static Halves of(DType dtype) {
            int least = 2 - (1 << dtype.exponentBits() - 1);
            float[] widths = new float[EXPONENTS];
            int[] keys = new int[EXPONENTS];
            for (int e = 0; e < EXPONENTS; e++) {
                widths[e] = Math.scalb(1f, Math.max(e - EXPONENT_BIAS, least) - dtype.mantissaBits() - 1);
                keys[e] = key(widths[e]);
            }
            return new Halves(widths, keys);
        }

        static Halves by(DType dtype) {
            return dtype == DType.BF16 ? BF16 : F16;
        }
    }

    /** Four an octave of a number that is not negative. */
    static int key(float value) {
        return Float.floatToRawIntBits(value) >>> KEY_SHIFT;
    }

    /**
     * A scale to begin with: how far predictions lie beyond the cells of elements that they miss.
     *
     * @param dtype BF16 or F16
     * @param unrounded the predictions before they are rounded
     * @param values the elements
     * @param n how many
     * @return the key of the mean, or 0 where no prediction misses
     */
    public static int scale(DType dtype, float[] unrounded, float[] values, int n) {
        Halves halves = Halves.by(dtype);
        double sum = 0;
        int missed = 0;
        for (int i = 0; i < n; i++) {
            float half = halves.widths[Float.floatToRawIntBits(unrounded[i]) >>> MANTISSA & EXPONENTS - 1];
            float beyond = Math.abs(values[i] - unrounded[i]) - half;
            if (beyond > 0 && beyond <= Float.MAX_VALUE) {
                sum += beyond;
                missed++;
            }
        }
        return missed == 0 ? 0 : key((float) (sum / missed));
    }

    /**
     * Finds the contexts of a run.
     *
     * @param dtype BF16 or F16
     * @param unrounded the predictions before they are rounded
     * @param predicted the predicted elements' bits
     * @param scales the elements' scales
     * @param n how many
     * @param contexts receives the contexts
     */
    void find(DType dtype, float[] unrounded, int[] predicted, int[] scales, int n, int[] contexts) {
        Halves halves = Halves.by(dtype);
        boolean isBf16 = dtype == DType.BF16;
        for (int i = 0; i < n; i++) {
            float y = unrounded[i];
            float p = isBf16
                    ? Float.intBitsToFloat(predicted[i] << 16)
                    : Float.float16ToFloat((short) predicted[i]);
            if (!(Math.abs(y) <= Float.MAX_VALUE && Math.abs(p) <= Float.MAX_VALUE)) {
                contexts[i] = NOT_FINITE;
                turned[i] = false;
                continue;
            }
            int exponent = Float.floatToRawIntBits(y) >>> MANTISSA & EXPONENTS - 1;
            float edge = halves.widths[exponent] - Math.abs(y - p);
            int width = (halves.keys[exponent] - scales[i] >> 2) + NARROW;
            int distance = key(edge) - scales[i] >> 1;
            contexts[i] = Math.min(Math.max(width, 0), WIDTHS - 1) * DISTANCES
                    + Math.min(Math.max(distance, 0), DISTANCES - 1);
            turned[i] = Math.abs(y) < Math.abs(p);
        }
    }

    /**
     * Turns the symbols of the run last found: those whose prediction lies nearer to zero than its element.
     *
     * @param symbols of differences that are positive away from zero, or such that are positive towards the edge; they
     *     become the others
     * @param n how many
     */
    void turn(byte[] symbols, int n) {
        for (int i = 0; i < n; i++) {
            // 128 + b and 128 - b; an escape is 0.
            symbols[i] = (byte) (turned[i] ? -symbols[i] : symbols[i]);
        }
    }
}
