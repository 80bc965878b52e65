package io.weightspan.codec.residual;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.entropy.EncodingTables;
import io.weightspan.codec.entropy.TableSetBuilder;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The residual {@code cells}: R-CEL-002, and that whatever is encoded comes back. */
class CellContextsTest {
    private static int element(DType dtype, float y) {
        int u = Float.floatToRawIntBits(y);
        return dtype == DType.BF16
                ? u + 0x7FFF + (u >>> 16 & 1) >>> 16 & 0xFFFF
                : Float.floatToFloat16(y) & 0xFFFF;
    }

    /**
     * Worked out from the page: of BF16 around 1 a cell is 2^-7 wide, so that K(h) = 4 * (127 - 8) = 476, and at the
     * scale 476 the classes of distance begin.
     */
    @ParameterizedTest
    @CsvSource({
        // In the middle: g = h.
        "BF16, 0x1.0p0f, 476, 64, false",
        // Half and three quarters of the way to the upper edge: K(g) is 4 and 8 below K(h).
        "BF16, 0x1.008p0f, 468, 98, false",
        "BF16, 0x1.0080p0f, 476, 64, false",
        "BF16, 0x1.00C0p0f, 476, 64, false",
        "BF16, 0x1.00C0p0f, 464, 114, false",
        // At the edge, a tie to even, g = 0.
        "BF16, 0x1.01p0f, 400, 112, false",
        "BF16, 0x1.03p0f, 400, 112, true",
        // Below a power of two cells are half as wide.
        "BF16, 0x1.FFp-1f, 472, 64, true",
        // Turned by magnitude, whatever the sign.
        "BF16, -0x1.0180p0f, 464, 116, true",
        "BF16, -0x1.0080p0f, 464, 116, false",
        // The ends of both ranges.
        "BF16, 0x1.0p0f, 65536, 0, false",
        "BF16, 0x1.0p0f, -65536, 127, false",
        // Zero and subnormals: the smallest cell is 2^-133 wide, its half a subnormal of K = 0.
        "BF16, 0.0f, 0, 64, false",
        "BF16, -0.0f, 8, 32, false",
        "BF16, 0x1.8p-134f, -8, 100, true",
        // F16 around 1: 2^-10 wide; subnormals as wide as the smallest normal's cells.
        "F16, 0x1.0p0f, 464, 64, false",
        "F16, 0x1.0p-20f, 408, 64, false",
        "F16, 0x1.8p-25f, 408, 64, true",
        "F16, 0x1.0p-120f, 408, 64, false",
        // Not finite, before or after it is rounded.
        "F16, 65519.0f, 500, 116, false",
        "F16, 65520.0f, 900, 127, false",
        "BF16, 0x1.FFFFFEp127f, 900, 127, false",
        "BF16, NaN, 900, 127, false",
        "BF16, -Infinity, 900, 127, false"
    })
    void rCel002TheContextAndTheSideFollowFromYAndTheScale(
            DType dtype, float y, int scale, int context, boolean turned) {
        CellContexts cells = new CellContexts();
        int[] contexts = new int[1];
        cells.find(dtype, new float[] {y}, new int[] {element(dtype, y)}, new int[] {scale}, 1, contexts);
        byte[] symbols = {(byte) 131};
        cells.turn(symbols, 1);
        assertThat(symbols[0] & 0xFF).as("symbol").isEqualTo(turned ? 125 : 131);
        assertThat(contexts[0]).as("context").isEqualTo(context);
    }

    @Property(tries = 300)
    void anyElementsComeBackWhateverPredictsThem(
            @ForAll @IntRange(min = 1, max = 900) int n,
            @ForAll boolean isF16,
            @ForAll boolean wild,
            @ForAll boolean escapable,
            @ForAll @IntRange(min = -65_536, max = 65_536) int farScale,
            @ForAll long seed)
            throws ContainerException {
        DType dtype = isF16 ? DType.F16 : DType.BF16;
        Random random = new Random(seed);
        short[] elements = new short[n];
        short[] predicted = new short[n];
        float[] sums = new float[n];
        for (int i = 0; i < n; i++) {
            float y = wild
                    ? Float.intBitsToFloat(random.nextInt())
                    : (float) (random.nextGaussian() * 0.02);
            sums[i] = y;
            predicted[i] = (short) (Float.isNaN(y) ? random.nextInt() : element(dtype, y));
            elements[i] = wild
                    ? (short) random.nextInt()
                    : (short) element(dtype, (float) (y + random.nextGaussian() * 1e-5));
        }
        int scale = random.nextBoolean() ? farScale : 440;
        assertRoundTrip(dtype, elements, new Prediction(MemorySegment.ofArray(predicted), dtype, sums), scale,
                escapable);
    }

    /** Tables, places of contexts in them and back, made of a run itself. */
    private record Coding(FloatBlockEncoder.Parameters encoding, FloatBlockDecoder.Parameters decoding) {
        static Coding of(DType dtype, short[] elements, Prediction prediction, int scale, boolean escapable) {
            FloatFormat format = new FloatFormat(dtype, 0);
            ElementScales scales = ElementScales.uniform(scale);
            FloatSymbolizer symbolizer = FloatSymbolizer.create(dtype);
            symbolizer.delta(format, scales, MemorySegment.ofArray(elements), prediction, 0);
            SymbolCounts counted = new SymbolCounts();
            // With escapable tables only half of the elements are counted, so that others must escape.
            counted.add(symbolizer, escapable ? (elements.length + 1) / 2 : elements.length);
            long[] counts = new long[128 * 256];
            counted.addTo(counts);
            TableSetBuilder.TableSet set = TableSetBuilder.build(counts, escapable);
            int[] tableOf = new int[128];
            int[] offsets = new int[128];
            int context = 0;
            for (int k = 0; k < set.segmentEnds().size(); k++) {
                while (context < set.segmentEnds().get(k)) {
                    offsets[context] = k * 4_096;
                    tableOf[context++] = k;
                }
            }
            return new Coding(
                    new FloatBlockEncoder.Parameters(format, scales, new EncodingTables(set.tables()), tableOf),
                    new FloatBlockDecoder.Parameters(format, scales, new DecodingTables(set.tables()), offsets));
        }

        byte[] encode(short[] elements, Prediction prediction) {
            return new FloatBlockEncoder(encoding.format().dtype())
                    .encode(encoding, MemorySegment.ofArray(elements), prediction, 0);
        }

        short[] decode(byte[] block, Prediction prediction, int n) throws ContainerException {
            short[] out = new short[n];
            FloatBlockDecoder.create(decoding.format().dtype())
                    .decode(decoding, MemorySegment.ofArray(block), prediction, 0, MemorySegment.ofArray(out));
            return out;
        }
    }

    private static void assertRoundTrip(
            DType dtype, short[] elements, Prediction prediction, int scale, boolean escapable)
            throws ContainerException {
        Coding coding = Coding.of(dtype, elements, prediction, scale, escapable);
        assertThat(coding.decode(coding.encode(elements, prediction), prediction, elements.length))
                .isEqualTo(elements);
    }

    @Test
    void everyDamagedByteIsRefusedOrGivesSomeBlockButNeverCrashes() {
        Random random = new Random(3);
        int n = 200;
        short[] elements = new short[n];
        short[] predicted = new short[n];
        float[] sums = new float[n];
        for (int i = 0; i < n; i++) {
            sums[i] = (float) (random.nextGaussian() * 0.02);
            predicted[i] = (short) element(DType.BF16, sums[i]);
            elements[i] = (short) element(DType.BF16, (float) (sums[i] + random.nextGaussian() * 1e-4));
        }
        Prediction prediction = new Prediction(MemorySegment.ofArray(predicted), DType.BF16, sums);
        Coding coding = Coding.of(DType.BF16, elements, prediction, 450, true);
        byte[] block = coding.encode(elements, prediction);
        int refused = 0;
        for (int bit = 0; bit < 8 * block.length; bit++) {
            byte[] damaged = block.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            try {
                assertThat(coding.decode(damaged, prediction, n)).hasSize(n);
            } catch (ContainerException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.MALFORMED_BLOCK);
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }
}
