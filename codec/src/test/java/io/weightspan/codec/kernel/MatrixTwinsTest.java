package io.weightspan.codec.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of matrices are sums in ascending order, bit for bit, whichever kernel takes them, however they are cut. */
class MatrixTwinsTest {
    private final MatrixKernel scalar = new ScalarMatrixKernel();
    private final MatrixKernel vector = new VectorMatrixKernel();

    static Stream<Integer> sizes() {
        int lanes = VectorWidth.bits() / Float.SIZE;
        return Stream.of(0, 1, 2, 3, lanes - 1, lanes, lanes + 1, 31, 32, 33, 4 * lanes - 1, 4 * lanes, 97, 257);
    }

    private static float[] values(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = switch (random.nextInt(40)) {
                case 0 -> 0f;
                case 1 -> -0f;
                case 2 -> Float.MIN_VALUE;
                case 3 -> 3e38f;
                default -> (float) (random.nextGaussian() * Math.pow(2, random.nextInt(-30, 30)));
            };
        }
        return values;
    }

    /** The sums as the specification says them. */
    private static float[] expected(Strided a, int rows, int inner, Strided b, int columns, float[] before) {
        float[] sums = before.clone();
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                for (int k = 0; k < inner; k++) {
                    float product = a.values()[a.index(i, k)] * b.values()[b.index(k, j)];
                    sums[i * columns + j] = sums[i * columns + j] + product;
                }
            }
        }
        return sums;
    }

    private void products(int rows, int inner, int columns, long seed) {
        Random random = new Random(seed);
        float[] a = values(random, rows * inner);
        float[] b = values(random, inner * columns);
        float[] before = values(random, rows * columns);
        for (Strided left : new Strided[] {Strided.rows(a, inner), Strided.transposed(a, rows)}) {
            for (Strided right : new Strided[] {Strided.rows(b, columns), Strided.transposed(b, inner)}) {
                float[] sums = expected(left, rows, inner, right, columns, before);
                MatrixPanels panels = MatrixPanels.of(right, inner, columns);
                for (MatrixKernel kernel : new MatrixKernel[] {scalar, vector}) {
                    float[] out = before.clone();
                    new MatrixProduct(kernel).add(left, rows, panels, Strided.rows(out, columns));
                    assertThat(out).isEqualTo(sums);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void productsAreTheSame(int n) {
        products(n, 5, 7, n);
        products(3, n, 5, n);
        products(5, 3, n, n);
        products(67, 259, n, n);
    }

    @Property(tries = 200)
    void productsOfAnySizesAreTheSame(
            @ForAll @IntRange(max = 70) int rows, @ForAll @IntRange(max = 300) int inner,
            @ForAll @IntRange(max = 70) int columns, @ForAll long seed) {
        products(rows, inner, columns, seed);
    }

    @Property(tries = 300)
    void combinedRowsAreTheSame(
            @ForAll @IntRange(max = 40) int count, @ForAll @IntRange(max = 300) int n, @ForAll long seed) {
        combined(count, n, seed);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void combinedRowsOfTheseSizesAreTheSame(int n) {
        combined(n % 9, n, n);
    }

    private void combined(int count, int n, long seed) {
        Random random = new Random(seed);
        float[] all = values(random, 9 * n + 3);
        float[] factors = values(random, count);
        int[] rows = random.ints(count, 0, 9).map(row -> row * n + 3).toArray();
        float[] sums = values(random, n + 2);
        float[] one = sums.clone();
        float[] other = sums.clone();
        for (int j = 0; j < n; j++) {
            for (int i = 0; i < count; i++) {
                float product = factors[i] * all[rows[i] + j];
                sums[2 + j] = sums[2 + j] + product;
            }
        }
        scalar.combine(factors, rows, count, all, one, 2, n);
        vector.combine(factors, rows, count, all, other, 2, n);
        assertThat(one).isEqualTo(sums);
        assertThat(other).isEqualTo(sums);
    }

    @Test
    void someColumnsOfAProductAreThoseOfTheWhole() {
        Random random = new Random(7);
        float[] a = values(random, 5 * 6);
        float[] b = values(random, 6 * 100);
        MatrixPanels panels = MatrixPanels.of(Strided.rows(b, 100), 6, 100);
        float[] whole = new float[5 * 100];
        float[] some = new float[5 * 100];
        new MatrixProduct().add(Strided.rows(a, 6), 5, panels, Strided.rows(whole, 100));
        new MatrixProduct().add(Strided.rows(a, 6), 5, panels, 33, 64, Strided.rows(some, 100));
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < 100; j++) {
                assertThat(some[i * 100 + j]).isEqualTo(j < 32 || j >= 64 ? 0 : whole[i * 100 + j]);
            }
        }
    }
}
