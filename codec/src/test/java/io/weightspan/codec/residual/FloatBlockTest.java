package io.weightspan.codec.residual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.entropy.EncodingTables;
import io.weightspan.codec.entropy.TableSetBuilder;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FloatBlockTest {
    private static final List<DType> FLOATS =
            Arrays.stream(DType.values()).filter(DType::hasFloatCoding).toList();

    /** Everything that a block's coding needs, from counts of the block itself. */
    private static final class Coding {
        private final FloatFormat format;
        private final FloatBlockEncoder.Parameters encoding;
        private final FloatBlockDecoder.Parameters decoding;

        Coding(FloatFormat format, ElementScales scales, MemorySegment elements, @Nullable Prediction prediction,
                boolean escapable) {
            this.format = format;
            FloatSymbolizer symbolizer = FloatSymbolizer.create(format.dtype());
            if (prediction == null) {
                symbolizer.direct(format, scales, elements, 0);
            } else {
                symbolizer.delta(format, scales, elements, prediction, 0);
            }
            long[] counts = new long[128 * 256];
            SymbolCounts own = new SymbolCounts();
            // With escapable tables only half of the elements are counted, so that others must escape.
            int n = (int) (elements.byteSize() * 8 / format.dtype().bits());
            own.add(symbolizer, escapable ? (n + 1) / 2 : n);
            own.addTo(counts);
            TableSetBuilder.TableSet set = TableSetBuilder.build(counts, escapable);
            int[] contexts = new int[128];
            int[] offsets = new int[128];
            int context = 0;
            for (int k = 0; k < set.segmentEnds().size(); k++) {
                while (context < set.segmentEnds().get(k)) {
                    offsets[context] = k * 4_096;
                    contexts[context++] = k;
                }
            }
            encoding = new FloatBlockEncoder.Parameters(format, scales, new EncodingTables(set.tables()), contexts);
            decoding = new FloatBlockDecoder.Parameters(format, scales, new DecodingTables(set.tables()), offsets);
        }

        byte[] encode(MemorySegment elements, @Nullable Prediction prediction) {
            return new FloatBlockEncoder(format.dtype()).encode(encoding, elements, prediction, 0);
        }

        byte[] decode(byte[] block, @Nullable Prediction prediction, int bytes) throws ContainerException {
            byte[] out = new byte[bytes];
            FloatBlockDecoder.create(format.dtype()).decode(decoding, MemorySegment.ofArray(block), prediction, 0,
                    MemorySegment.ofArray(out));
            return out;
        }
    }

    private static byte[] random(DType dtype, int n, int shift, Random random, boolean wild) {
        int width = dtype.bits() / 8;
        byte[] bytes = new byte[n * width];
        for (int i = 0; i < n; i++) {
            long u = wild ? random.nextLong() : gaussian(dtype, random);
            u = u >>> shift << shift;
            for (int b = 0; b < width; b++) {
                bytes[i * width + b] = (byte) (u >>> 8 * b);
            }
        }
        return bytes;
    }

    private static long gaussian(DType dtype, Random random) {
        double x = random.nextGaussian() * 0.02;
        return switch (dtype) {
            case F64 -> Double.doubleToRawLongBits(x);
            case F32 -> Float.floatToRawIntBits((float) x) & 0xFFFF_FFFFL;
            case BF16 -> Float.floatToRawIntBits((float) x) >>> 16;
            case F16 -> Float.floatToFloat16((float) x) & 0xFFFFL;
            default -> random.nextInt(256);
        };
    }

    /** Elements a few steps away from the given ones. */
    private static byte[] near(byte[] elements, DType dtype, int shift, Random random) {
        byte[] moved = elements.clone();
        int width = dtype.bits() / 8;
        for (int i = 0; i < moved.length; i += width) {
            long u = 0;
            for (int b = 0; b < width; b++) {
                u |= (moved[i + b] & 0xFFL) << 8 * b;
            }
            u += (long) (random.nextGaussian() * 20) << shift;
            for (int b = 0; b < width; b++) {
                moved[i + b] = (byte) (u >>> 8 * b);
            }
        }
        return moved;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 31, 32, 33, 97, 8_191, 16_384, 65_521, 65_536})
    void everySizeAndDtypeRoundTrips(int n) throws ContainerException {
        for (DType dtype : FLOATS) {
            roundTrip(dtype, n, 0, false, false, new Random(n), false);
        }
    }

    @Property(tries = 150)
    void anyBitsRoundTrip(@ForAll @IntRange(min = 1, max = 700) int n, @ForAll @IntRange(min = 0, max = 7) int dtype,
            @ForAll @IntRange(min = 0, max = 52) int shift, @ForAll boolean wild, @ForAll boolean lines,
            @ForAll boolean escapable, @ForAll long seed) throws ContainerException {
        DType own = FLOATS.get(dtype % FLOATS.size());
        roundTrip(own, n, Math.min(shift, own.mantissaBits()), wild, lines, new Random(seed), escapable);
    }

    private static void roundTrip(DType dtype, int n, int shift, boolean wild, boolean lines, Random random,
            boolean escapable) throws ContainerException {
        FloatFormat format = new FloatFormat(dtype, shift);
        byte[] elements = random(dtype, n, shift, random, wild);
        byte[] predicted = near(elements, dtype, shift, random);
        byte[] rows = new byte[n / 7 + 1];
        byte[] columns = new byte[7];
        random.nextBytes(rows);
        random.nextBytes(columns);
        int scale = format.keyOf(0.02);
        ElementScales scales =
                lines ? new ElementScales(scale, 7, rows, columns) : ElementScales.uniform(scale);
        MemorySegment segment = MemorySegment.ofArray(elements);
        Coding direct = new Coding(format, scales, segment, null, escapable);
        assertThat(direct.decode(direct.encode(segment, null), null, elements.length)).isEqualTo(elements);
        Prediction prediction = new Prediction(MemorySegment.ofArray(predicted), dtype);
        Coding delta = new Coding(format, scales, segment, prediction, escapable);
        assertThat(delta.decode(delta.encode(segment, prediction), prediction, elements.length)).isEqualTo(elements);
    }

    @Test
    void nanPayloadsZerosAndSubnormalsSurvive() throws ContainerException {
        int[] special = {0, 0x8000_0000, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0001, 0xFFFF_FFFF, 1, 0x8000_0001,
            0x007F_FFFF, 0x7F7F_FFFF, 0xFF7F_FFFF, 0x3F80_0000};
        MemorySegment elements = MemorySegment.ofArray(new byte[4 * special.length * special.length]);
        MemorySegment predicted = MemorySegment.ofArray(new byte[4 * special.length * special.length]);
        for (int i = 0; i < special.length * special.length; i++) {
            elements.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, special[i / special.length]);
            predicted.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, special[i % special.length]);
        }
        FloatFormat format = new FloatFormat(DType.F32, 0);
        ElementScales scales = ElementScales.uniform(480);
        Prediction prediction = new Prediction(predicted, DType.F32);
        Coding coding = new Coding(format, scales, elements, prediction, false);
        byte[] decoded = coding.decode(coding.encode(elements, prediction), prediction, (int) elements.byteSize());
        assertThat(decoded).isEqualTo(elements.toArray(ValueLayout.JAVA_BYTE));
    }

    @Test
    void aPredictionOfAnotherDtypeIsConverted() throws ContainerException {
        Random random = new Random(5);
        byte[] wide = random(DType.F32, 999, 0, random, false);
        byte[] narrow = new byte[wide.length / 2];
        for (int i = 0; i < narrow.length / 2; i++) {
            narrow[2 * i] = wide[4 * i + 2];
            narrow[2 * i + 1] = wide[4 * i + 3];
        }
        both(DType.BF16, narrow, new Prediction(MemorySegment.ofArray(wide), DType.F32));
        both(DType.F32, wide, new Prediction(MemorySegment.ofArray(narrow), DType.BF16));
    }

    private static void both(DType dtype, byte[] elements, Prediction prediction) throws ContainerException {
        FloatFormat format = new FloatFormat(dtype, 0);
        MemorySegment segment = MemorySegment.ofArray(elements);
        Coding coding = new Coding(format, ElementScales.uniform(490), segment, prediction, false);
        assertThat(coding.decode(coding.encode(segment, prediction), prediction, elements.length))
                .isEqualTo(elements);
    }

    @Test
    void aBlockThatIsItsPredictionTakesOneByte() throws ContainerException {
        byte[] elements = random(DType.BF16, 500, 0, new Random(1), false);
        MemorySegment segment = MemorySegment.ofArray(elements);
        Prediction prediction = new Prediction(segment, DType.BF16);
        Coding coding =
                new Coding(new FloatFormat(DType.BF16, 0), ElementScales.uniform(0), segment, prediction, false);
        byte[] block = coding.encode(segment, prediction);
        assertThat(block).containsExactly(1);
        assertThat(coding.decode(block, prediction, elements.length)).isEqualTo(elements);
    }

    @Test
    void aConstantBlockTakesOneElement() {
        byte[] elements = new byte[4_000];
        for (int i = 0; i < elements.length; i += 2) {
            elements[i] = (byte) 0x80;
            elements[i + 1] = 0x3F;
        }
        MemorySegment segment = MemorySegment.ofArray(elements);
        Coding coding = new Coding(new FloatFormat(DType.BF16, 7), ElementScales.uniform(0), segment, null, false);
        assertThat(coding.encode(segment, null)).containsExactly(2, 0x80, 0x3F);
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"BF16", "F32", "F64", "F8_E4M3"})
    void everyDamagedByteIsRefusedOrGivesSomeBlockButNeverCrashes(DType dtype) {
        Random random = new Random(3);
        byte[] elements = random(dtype, 200, 0, random, false);
        MemorySegment segment = MemorySegment.ofArray(elements);
        Prediction prediction = new Prediction(MemorySegment.ofArray(near(elements, dtype, 0, random)), dtype);
        Coding coding = new Coding(new FloatFormat(dtype, 0), ElementScales.uniform(480), segment, prediction, true);
        byte[] block = coding.encode(segment, prediction);
        for (int at = 0; at < block.length; at++) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] damaged = block.clone();
                damaged[at] ^= (byte) (1 << bit);
                decodeOrRefuse(coding, damaged, prediction, elements.length);
            }
            decodeOrRefuse(coding, Arrays.copyOf(block, at), prediction, elements.length);
        }
        assertThatThrownBy(() -> coding.decode(Arrays.copyOf(block, block.length + 1), prediction, elements.length))
                .isInstanceOf(ContainerException.class);
    }

    private static void decodeOrRefuse(Coding coding, byte[] block, Prediction prediction, int bytes) {
        try {
            assertThat(coding.decode(block, prediction, bytes)).hasSize(bytes);
        } catch (ContainerException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.MALFORMED_BLOCK);
        }
    }
}
