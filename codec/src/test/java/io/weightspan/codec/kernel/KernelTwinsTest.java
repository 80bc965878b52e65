package io.weightspan.codec.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Vector kernels give what their scalar twins give, for sizes around the lanes and primes, on input of every kind:
 * what an encoder writes, extreme values and noise.
 */
class KernelTwinsTest {
    private static final int MOST = 65_536;
    private static final List<BitLayout> LAYOUTS = List.of(
            new BitLayout(16, 5, 0), // BF16
            new BitLayout(32, 21, 0), // F32
            new BitLayout(16, 8, 0), // F16
            new BitLayout(16, 5, 16), // F32 that holds BF16
            new BitLayout(20, 9, 12),
            new BitLayout(8, 0, 0), // F8
            new BitLayout(6, 0, 2));

    private final ElementKernel scalar = new ScalarElementKernel();
    private final ElementKernel vector = new VectorElementKernel();

    static Stream<Integer> sizes() {
        int lanes = VectorWidth.bits() / Integer.SIZE;
        return Stream.of(0, 1, lanes - 1, lanes, lanes + 1, 7, 31, 32, 33, 97, 1_009, 65_521, MOST);
    }

    /** What the elements of a block may be: all in one row, so that a test reads like the format. */
    private record Block(BitLayout layout, int[] elements, int[] predicted, int[] scales, byte[] symbols, byte[] raw) {
        static Block random(BitLayout layout, int n, Random random, boolean wild) {
            int all = layout.all();
            int[] predicted = random.ints(n).map(u -> u & all).toArray();
            int[] elements = new int[n];
            int[] scales = new int[n];
            byte[] symbols = new byte[n];
            for (int i = 0; i < n; i++) {
                int near = predicted[i] + (int) (random.nextGaussian() * 9);
                elements[i] = (wild ? random.nextInt() : near) & all;
                int key = (elements[i] & layout.magnitudes()) >>> layout.keyShift();
                scales[i] = wild ? random.nextInt(-65_792, 65_792) : key + random.nextInt(-20, 20);
                symbols[i] = (byte) (wild ? random.nextInt() : 128 + random.nextInt(-9, 10));
            }
            byte[] raw = new byte[8 * n + ElementKernel.PADDING + 9];
            random.nextBytes(raw);
            return new Block(layout, elements, predicted, scales, symbols, raw);
        }

        int n() {
            return elements.length;
        }
    }

    private void twins(Block block, long bit) {
        BitLayout layout = block.layout();
        int n = block.n();
        int[] one = new int[n];
        int[] other = new int[n];
        scalar.contexts(layout, block.predicted(), block.scales(), n, one);
        vector.contexts(layout, block.predicted(), block.scales(), n, other);
        assertThat(other).as("contexts").isEqualTo(one);

        byte[] symbols = new byte[n];
        byte[] otherSymbols = new byte[n];
        boolean same = scalar.differences(layout, block.elements(), block.predicted(), n, symbols, one);
        assertThat(vector.differences(layout, block.elements(), block.predicted(), n, otherSymbols, other))
                .isEqualTo(same);
        assertThat(otherSymbols).as("symbols of differences").isEqualTo(symbols);
        assertThat(other).as("magnitudes").isEqualTo(one);
        delta(block, symbols, bit);
        delta(block, block.symbols(), bit);

        scalar.keys(layout, block.elements(), block.scales(), n, symbols);
        vector.keys(layout, block.elements(), block.scales(), n, otherSymbols);
        assertThat(otherSymbols).as("symbols of keys").isEqualTo(symbols);
        direct(block, symbols, bit);
        direct(block, block.symbols(), bit);
    }

    private void delta(Block block, byte[] symbols, long bit) {
        int[] one = block.predicted().clone();
        int[] other = block.predicted().clone();
        long end = scalar.delta(block.layout(), symbols, one, block.n(), block.raw(), bit);
        assertThat(vector.delta(block.layout(), symbols, other, block.n(), block.raw(), bit)).isEqualTo(end);
        if (end >= 0) {
            assertThat(other).as("decoded differences").isEqualTo(one);
        }
    }

    private void direct(Block block, byte[] symbols, long bit) {
        int[] one = new int[block.n()];
        int[] other = new int[block.n()];
        long end = scalar.direct(block.layout(), symbols, block.scales(), one, block.n(), block.raw(), bit);
        assertThat(vector.direct(block.layout(), symbols, block.scales(), other, block.n(), block.raw(), bit))
                .isEqualTo(end);
        if (end >= 0) {
            assertThat(other).as("decoded elements").isEqualTo(one);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void elementsAreTheSame(int n) {
        for (BitLayout layout : LAYOUTS) {
            Random random = new Random(n);
            twins(Block.random(layout, n, random, false), 8 * 3 + 5);
            twins(Block.random(layout, n, random, true), 0);
        }
    }

    @Property(tries = 300)
    void anyElementsAreTheSame(@ForAll @IntRange(min = 0, max = 6) int layout,
            @ForAll @IntRange(min = 0, max = 200) int n, @ForAll @IntRange(min = 0, max = 63) int bit,
            @ForAll boolean wild, @ForAll long seed) {
        twins(Block.random(LAYOUTS.get(layout), n, new Random(seed), wild), bit);
    }

    /** 16 fields of 31 bits, which reach past a window of 512 bits, and of 32 of which each is an escape. */
    @Test
    void groupsWithTheMostRawBitsAreTheSame() {
        BitLayout layout = new BitLayout(32, 30, 0);
        for (int symbol : new int[] {0, 1, 2, 3, 4, 251, 252, 253, 254, 255}) {
            Block block = Block.random(layout, 67, new Random(symbol), true);
            Arrays.fill(block.symbols(), (byte) symbol);
            for (int bit = 0; bit < 8; bit++) {
                delta(block, block.symbols(), bit);
                direct(block, block.symbols(), bit);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void symbolsAreTheSame(int n) {
        for (int lanes : new int[] {1, 8, 16, 32}) {
            Random random = new Random(31L * n + lanes);
            int[] slots = slots();
            int[] offsets = IntStream.generate(() -> 4_096 * random.nextInt(3)).limit(n).toArray();
            // Any states and words decode to something: the symbols need no encoder.
            int[] states = random.ints(lanes).map(x -> x | 1 << 16).toArray();
            char[] words = new char[n];
            for (int i = 0; i < n; i++) {
                words[i] = (char) random.nextInt();
            }
            for (int count : new int[] {n, n / 2, n / 50, 0}) {
                int[] one = states.clone();
                int[] other = states.clone();
                byte[] symbols = new byte[n];
                byte[] otherSymbols = new byte[n];
                int used = new ScalarRansKernel().decode(slots, offsets, n, one, words, count, symbols);
                assertThat(new VectorRansKernel().decode(slots, offsets, n, other, words, count, otherSymbols))
                        .isEqualTo(used);
                if (used <= count) {
                    assertThat(otherSymbols).isEqualTo(symbols);
                    assertThat(other).isEqualTo(one);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void streamsAreTheSame(int n) {
        for (int lanes : new int[] {1, 8, 16, 32}) {
            Random random = new Random(17L * n + lanes);
            int[] codes = codes(random);
            int[] places = random.ints(n, 0, codes.length).toArray();
            int[] one = random.ints(lanes, 1 << 16, 1 << 17).toArray();
            int[] other = one.clone();
            char[] words = new char[n + RansKernel.PADDING];
            char[] otherWords = new char[n + RansKernel.PADDING];
            int count = new ScalarRansKernel().encode(codes, places, n, one, words);
            assertThat(new VectorRansKernel().encode(codes, places, n, other, otherWords)).isEqualTo(count);
            assertThat(other).isEqualTo(one);
            assertThat(Arrays.copyOf(otherWords, count)).isEqualTo(Arrays.copyOf(words, count));
        }
    }

    /** Frequencies of every size from 1 to 4,095, each with any sum that may stand before it. */
    private static int[] codes(Random random) {
        return IntStream.range(1, 4_096).map(f -> f | random.nextInt(4_097 - f) << 16).toArray();
    }

    /** Three tables: flat, steep, and one of two symbols. */
    private static int[] slots() {
        int[] slots = new int[3 * 4_096];
        for (int slot = 0; slot < 4_096; slot++) {
            slots[slot] = slot % 16 << 20 | 16 << 8 | slot / 16;
            boolean common = slot < 4_000;
            slots[4_096 + slot] = common ? slot << 20 | 4_000 << 8 | 77 : 1 << 8 | slot - 4_000;
            slots[8_192 + slot] = slot == 0 ? 1 << 8 | 3 : slot - 1 << 20 | 4_095 << 8 | 200;
        }
        return slots;
    }

    @Test
    void theKernelsAreThoseOfTheMachine() {
        boolean wide = VectorWidth.bits() >= VectorWidth.LEAST;
        assertThat(Kernels.name()).startsWith(wide ? "vector" : "scalar");
    }
}
