package io.weightspan.codec.residual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.entropy.EncodingTables;
import io.weightspan.codec.entropy.TableSetBuilder;
import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Blocks of bounded.md: what is decoded is computed here once more from the steps that were encoded. */
class BoundedBlocksTest {
    private static final DType[] DTYPES = {DType.F32, DType.F16, DType.BF16};
    private static final int ESCAPE = Integer.MIN_VALUE;

    /** A tensor and all that its block is coded with. */
    private static final class Block {
        private final DType dtype;
        private final ElementScales scales;
        private final int[] steps;
        private final MemorySegment elements;
        private final EncodingTables encoding;
        private final int[] tableOf = new int[128];
        private final FloatBlockDecoder.Parameters parameters;

        Block(DType dtype, ElementScales scales, int[] steps, byte[] elements) {
            this(dtype, scales, steps, elements, steps.length);
        }

        /** The tables know the first steps only; of others symbols may be missing, which must escape. */
        Block(DType dtype, ElementScales scales, int[] steps, byte[] elements, int counted) {
            this.dtype = dtype;
            this.scales = scales;
            this.steps = steps;
            this.elements = MemorySegment.ofArray(elements);
            long[] counts = new long[128 * 256];
            new BoundedBlocks().count(scales, steps, 0, counted, counts);
            TableSetBuilder.TableSet set = TableSetBuilder.build(counts, true);
            int[] offsets = new int[128];
            int context = 0;
            for (int k = 0; k < set.segmentEnds().size(); k++) {
                while (context < set.segmentEnds().get(k)) {
                    offsets[context] = k * 4_096;
                    tableOf[context++] = k;
                }
            }
            encoding = new EncodingTables(set.tables());
            parameters = new FloatBlockDecoder.Parameters(
                    new FloatFormat(dtype, 0), scales, new DecodingTables(set.tables()), offsets);
        }

        byte[] encode() {
            return new BoundedBlocks().encode(dtype, scales, encoding, tableOf, steps, 0, elements);
        }

        byte[] decode(byte[] stored, float step, @Nullable Center prediction) throws ContainerException {
            byte[] out = new byte[(int) elements.byteSize()];
            new BoundedBlocks().decode(
                    parameters, step, MemorySegment.ofArray(stored), prediction, 0, MemorySegment.ofArray(out));
            return out;
        }
    }

    private static int width(DType dtype) {
        return dtype.bits() / 8;
    }

    private static void put(byte[] elements, DType dtype, int i, int bits) {
        ByteBuffer buffer = ByteBuffer.wrap(elements).order(ByteOrder.LITTLE_ENDIAN);
        if (dtype == DType.F32) {
            buffer.putInt(4 * i, bits);
        } else {
            buffer.putShort(2 * i, (short) bits);
        }
    }

    private static int get(byte[] elements, DType dtype, int i) {
        ByteBuffer buffer = ByteBuffer.wrap(elements).order(ByteOrder.LITTLE_ENDIAN);
        return dtype == DType.F32 ? buffer.getInt(4 * i) : buffer.getShort(2 * i) & 0xFFFF;
    }

    private static float value(int bits, DType dtype) {
        return switch (dtype) {
            case F32 -> Float.intBitsToFloat(bits);
            case BF16 -> Float.intBitsToFloat(bits << 16);
            default -> Float.float16ToFloat((short) bits);
        };
    }

    /** R-MOD-005: to nearest, ties to even. */
    private static int rounded(float value, DType dtype) {
        return switch (dtype) {
            case F32 -> Float.floatToRawIntBits(value);
            case BF16 -> {
                int low = Float.floatToRawIntBits(value) & 0xFFFF;
                int high = Float.floatToRawIntBits(value) >>> 16;
                yield low > 0x8000 || low == 0x8000 && (high & 1) == 1 ? high + 1 : high;
            }
            default -> Float.floatToFloat16(value) & 0xFFFF;
        };
    }

    private static byte[] bits(DType dtype, int n, Random random, boolean wild) {
        byte[] elements = new byte[n * width(dtype)];
        for (int i = 0; i < n; i++) {
            put(elements, dtype, i, wild ? random.nextInt() : rounded((float) random.nextGaussian(), dtype));
        }
        return elements;
    }

    private static int[] steps(int n, Random random, int most, boolean escapes) {
        int[] steps = new int[n];
        for (int i = 0; i < n; i++) {
            steps[i] = escapes && random.nextInt(5) == 0 ? ESCAPE : (int) (random.nextGaussian() * most / 4);
        }
        return steps;
    }

    /** The element that bounded.md gives. */
    private static int expected(Block block, int i, float step, byte @Nullable [] prediction, byte[] own) {
        if (block.steps[i] == ESCAPE) {
            return get(own, block.dtype, i);
        }
        int predicted = prediction == null ? 0 : get(prediction, block.dtype, i);
        float product = step * block.steps[i];
        float y = value(predicted, block.dtype) + product;
        return Float.isFinite(y) ? rounded(y, block.dtype) : predicted;
    }

    @Property(tries = 300)
    void elementsAreThoseOfTheSpec(@ForAll @IntRange(min = 1, max = 500) int n,
            @ForAll @IntRange(max = 2) int dtype, @ForAll boolean predicted, @ForAll boolean lines,
            @ForAll boolean escapes, @ForAll boolean wild, @ForAll long seed) throws ContainerException {
        check(DTYPES[dtype], n, predicted, lines, escapes, wild, new Random(seed));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 31, 32, 33, 97, 8_191, 65_535, 65_536})
    void everySizeAndDtypeRoundTrips(int n) throws ContainerException {
        for (DType dtype : DTYPES) {
            check(dtype, n, true, true, true, false, new Random(n));
        }
    }

    private static void check(
            DType dtype, int n, boolean predicted, boolean lines, boolean escapes, boolean wild, Random random)
            throws ContainerException {
        byte[] rows = new byte[n / 7 + 1];
        byte[] columns = new byte[7];
        random.nextBytes(rows);
        random.nextBytes(columns);
        ElementScales scales = lines ? new ElementScales(48, 7, rows, columns) : ElementScales.uniform(48);
        byte[] own = bits(dtype, n, random, true);
        byte[] prediction = predicted ? bits(dtype, n, random, wild) : null;
        float step = (float) Math.exp(4 * random.nextGaussian());
        Block block = new Block(dtype, scales, steps(n, random, 1 << random.nextInt(24), escapes), own);
        Center center = prediction == null ? null : new Center(MemorySegment.ofArray(prediction), dtype);
        byte[] decoded = block.decode(block.encode(), step, center);
        for (int i = 0; i < n; i++) {
            assertThat(get(decoded, dtype, i))
                    .as("element %s, %s steps", i, block.steps[i])
                    .isEqualTo(expected(block, i, step, prediction, own));
        }
    }

    /** By hand: 1 and three steps of a half are 2.5; -0 becomes +0; infinity stays where it is predicted. */
    @Test
    void fewElementsByHand() throws ContainerException {
        float[] predicted = {1, -0f, Float.POSITIVE_INFINITY, Float.MAX_VALUE, 7};
        byte[] prediction = new byte[20];
        for (int i = 0; i < predicted.length; i++) {
            put(prediction, DType.F32, i, Float.floatToRawIntBits(predicted[i]));
        }
        byte[] own = new byte[20];
        put(own, DType.F32, 4, 0xFFC0_1234);
        int[] steps = {3, 0, 5, 1 << 29, ESCAPE};
        Block block = new Block(DType.F32, ElementScales.uniform(40), steps, own);
        Center center = new Center(MemorySegment.ofArray(prediction), DType.F32);
        byte[] decoded = block.decode(block.encode(), 0.5f, center);
        assertThat(get(decoded, DType.F32, 0)).isEqualTo(Float.floatToRawIntBits(2.5f));
        assertThat(get(decoded, DType.F32, 1)).isZero();
        assertThat(get(decoded, DType.F32, 2)).isEqualTo(0x7F80_0000);
        assertThat(get(decoded, DType.F32, 3)).isEqualTo(Float.floatToRawIntBits(Float.MAX_VALUE));
        assertThat(get(decoded, DType.F32, 4)).isEqualTo(0xFFC0_1234);
        // A step so large that the sum overflows: what is predicted stays, to the bit.
        byte[] overflown = block.decode(block.encode(), Float.MAX_VALUE, center);
        assertThat(get(overflown, DType.F32, 0)).isEqualTo(Float.floatToRawIntBits(1));
        assertThat(get(overflown, DType.F32, 3)).isEqualTo(Float.floatToRawIntBits(Float.MAX_VALUE));
        assertThat(get(block.decode(block.encode(), Float.MAX_VALUE, null), DType.F32, 0)).isZero();
    }

    @Test
    void aBlockWithoutStepsTakesOneByte() throws ContainerException {
        byte[] own = bits(DType.BF16, 300, new Random(1), false);
        Block block = new Block(DType.BF16, ElementScales.uniform(48), new int[300], own);
        assertThat(block.encode()).containsExactly(1);
        byte[] prediction = new byte[600];
        put(prediction, DType.BF16, 0, 0x8000);
        put(prediction, DType.BF16, 1, 0xBF80);
        byte[] decoded = block.decode(
                new byte[] {1}, 1, new Center(MemorySegment.ofArray(prediction), DType.BF16));
        assertThat(get(decoded, DType.BF16, 0)).as("-0 is +0").isZero();
        assertThat(get(decoded, DType.BF16, 1)).isEqualTo(0xBF80);
    }

    /** Symbols that no table has are the elements' own bits. */
    @Test
    void whatTablesDoNotHoldIsStoredWhole() throws ContainerException {
        Random random = new Random(2);
        byte[] own = bits(DType.F16, 400, random, true);
        int[] steps = new int[400];
        Arrays.fill(steps, 200, 400, 77);
        Block block = new Block(DType.F16, ElementScales.uniform(48), steps, own, 200);
        byte[] decoded = block.decode(block.encode(), 1, null);
        assertThat(Arrays.copyOf(decoded, 400)).containsOnly(0);
        assertThat(Arrays.copyOfRange(decoded, 400, 800)).isEqualTo(Arrays.copyOfRange(own, 400, 800));
    }

    /** R-BND-001. */
    @Test
    void otherModesAndLengthsAreRefused() {
        Block block = new Block(DType.F32, ElementScales.uniform(48), new int[9], new byte[36]);
        for (byte[] bad : new byte[][] {{}, {0}, {2}, {4}, {0x11}, {1, 0}, {3}, {0x63}, {(byte) 0xF3, 0, 0, 0, 0}}) {
            assertThatThrownBy(() -> block.decode(bad, 1, null))
                    .as("%s", Arrays.toString(bad))
                    .isInstanceOfSatisfying(ContainerException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.MALFORMED_BLOCK));
        }
    }

    @Test
    void everyDamagedByteIsRefusedOrGivesSomeBlockButNeverCrashes() throws ContainerException {
        Random random = new Random(3);
        for (DType dtype : DTYPES) {
            byte[] own = bits(dtype, 200, random, true);
            Block block = new Block(dtype, ElementScales.uniform(48), steps(200, random, 400, true), own);
            byte[] stored = block.encode();
            for (int at = 0; at < stored.length; at++) {
                for (int bit = 0; bit < 8; bit++) {
                    byte[] damaged = stored.clone();
                    damaged[at] ^= (byte) (1 << bit);
                    decodeOrRefuse(block, damaged);
                }
                byte[] cut = Arrays.copyOf(stored, at);
                assertThatThrownBy(() -> block.decode(cut, 1, null)).isInstanceOf(ContainerException.class);
            }
            assertThatThrownBy(() -> block.decode(Arrays.copyOf(stored, stored.length + 1), 1, null))
                    .isInstanceOf(ContainerException.class);
        }
    }

    private static void decodeOrRefuse(Block block, byte[] stored) {
        try {
            block.decode(stored, 1, null);
        } catch (ContainerException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.MALFORMED_BLOCK);
        }
    }
}
