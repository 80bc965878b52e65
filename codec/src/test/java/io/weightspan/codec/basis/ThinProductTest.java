package io.weightspan.codec.basis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.weightspan.codec.tensor.MemoryFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Products of thin matrices that are never formed, against the formed ones. */
class ThinProductTest {
    private static ThinProduct product(int rows, int inner, int columns, Random random) {
        return new ThinProduct(values(rows * inner, random), values(inner * columns, random), rows, inner, columns);
    }

    private static float[] values(int n, Random random) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double[][] formed(ThinProduct product) {
        double[][] m = new double[product.rows()][product.columns()];
        for (int i = 0; i < product.rows(); i++) {
            for (int j = 0; j < product.columns(); j++) {
                for (int t = 0; t < product.inner(); t++) {
                    m[i][j] += (double) product.left()[i * product.inner() + t]
                            * product.right()[t * product.columns() + j];
                }
            }
        }
        return m;
    }

    @Test
    void byHand() {
        // (1 2)^T (3 4) = ((3 4) (6 8)), (5 6)^T (7 8) = ((35 40) (42 48)).
        ThinProduct a = new ThinProduct(new float[] {1, 2}, new float[] {3, 4}, 2, 1, 2);
        ThinProduct b = new ThinProduct(new float[] {5, 6}, new float[] {7, 8}, 2, 1, 2);
        assertThat(a.dot(b)).isEqualTo(3 * 35 + 4 * 40 + 6 * 42 + 8 * 48);
        assertThat(a.dot(a)).isEqualTo(9 + 16 + 36 + 64);
        assertThat(a.coefficients(null, null)).containsExactly(3, 4, 6, 8);
        // The differences are 32, 36, 36 and 40.
        assertThat(a.distance(b)).isEqualTo(new ThinProduct.Distance(1024 + 2 * 1296 + 1600, 40));
        assertThat(b.distance(a)).isEqualTo(a.distance(b));
        Directions second = new Directions(1, 2, new float[] {0, 1}, new byte[1]);
        assertThat(a.coefficients(second, null)).containsExactly(6, 8);
        assertThat(a.coefficients(null, second)).containsExactly(4, 8);
        assertThat(a.coefficients(second, second)).containsExactly(8);
    }

    @Property(tries = 100)
    void dotAndCoefficientsAreThoseOfTheFormedProducts(@ForAll @IntRange(min = 1, max = 20) int rows,
            @ForAll @IntRange(min = 1, max = 20) int columns, @ForAll @IntRange(min = 1, max = 6) int inner,
            @ForAll @IntRange(min = 1, max = 6) int other, @ForAll long seed) {
        Random random = new Random(seed);
        ThinProduct a = product(rows, inner, columns, random);
        ThinProduct b = product(rows, other, columns, random);
        double[][] formedA = formed(a);
        double[][] formedB = formed(b);
        double sum = 0;
        double size = 0;
        double square = 0;
        double most = 0;
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                double e = formedA[i][j] - formedB[i][j];
                square += e * e;
                most = Math.max(most, Math.abs(e));
                sum += formedA[i][j] * formedB[i][j];
                size += Math.abs(formedA[i][j] * formedB[i][j]);
            }
        }
        assertThat(a.dot(b)).isCloseTo(sum, within(1e-9 * size + 1e-12 * inner * other * rows * columns));
        assertThat(a.distance(b).square()).isCloseTo(square, within(1e-9 * square + 1e-12));
        assertThat(a.distance(b).most()).isCloseTo(most, within(1e-9 * most + 1e-12));
        int k = 1 + random.nextInt(4);
        Directions u = new Directions(k, rows, values(k * rows, random), new byte[k]);
        float[] core = a.coefficients(u, null);
        for (int c = 0; c < k; c++) {
            for (int j = 0; j < columns; j++) {
                double expected = 0;
                for (int i = 0; i < rows; i++) {
                    expected += u.values()[c * rows + i] * formedA[i][j];
                }
                assertThat((double) core[c * columns + j]).isCloseTo(expected, within(1e-3));
            }
        }
    }

    /**
     * Of stacked products the directions are orthonormal, the squares of their sizes sum to the products' energy, and
     * they hold all of it; with fewer columns than rows, and with more.
     */
    @Property(tries = 60)
    void stackedColumnsHoldTheProducts(@ForAll @IntRange(min = 3, max = 30) int rows,
            @ForAll @IntRange(min = 3, max = 30) int columns, @ForAll @IntRange(min = 1, max = 5) int inner,
            @ForAll @IntRange(min = 1, max = 8) int members, @ForAll boolean dependent, @ForAll long seed) {
        Random random = new Random(seed);
        StackedColumns left = new StackedColumns(rows);
        StackedColumns right = new StackedColumns(columns);
        List<double[][]> all = new ArrayList<>();
        double energy = 0;
        for (int m = 0; m < members; m++) {
            ThinProduct product = product(rows, inner, columns, random);
            if (dependent && inner > 1) {
                // The last row of A is the first one again: the product is of lower rank than its factors.
                System.arraycopy(product.right(), 0, product.right(), (inner - 1) * columns, columns);
            }
            product.addTo(left, right);
            all.add(formed(product));
            energy += product.dot(product);
        }
        check(Objects.requireNonNull(left.side(1, 1)), all, energy, true);
        check(Objects.requireNonNull(right.side(1, 1)), all, energy, false);
    }

    private static void check(SharedDirections.Side side, List<double[][]> all, double energy, boolean ofRows) {
        double told = 0;
        for (int a = 0; a < side.vectors().length; a++) {
            told += side.magnitudes()[a] * side.magnitudes()[a];
            for (int b = 0; b <= a && side.magnitudes()[a] > 1e-3 * side.magnitudes()[0]; b++) {
                double product = 0;
                for (int i = 0; i < side.vectors()[a].length; i++) {
                    product += side.vectors()[a][i] * side.vectors()[b][i];
                }
                assertThat(product).as("directions %s and %s", a, b).isCloseTo(a == b ? 1 : 0, within(1e-5));
            }
            assertThat(a == 0 ? Double.MAX_VALUE : side.magnitudes()[a - 1])
                    .isGreaterThanOrEqualTo(side.magnitudes()[a]);
        }
        assertThat(told).isCloseTo(energy, within(energy * 1e-5));
        double held = 0;
        for (double[][] m : all) {
            int others = ofRows ? m[0].length : m.length;
            for (double[] direction : side.vectors()) {
                for (int j = 0; j < others; j++) {
                    double sum = 0;
                    for (int i = 0; i < direction.length; i++) {
                        sum += direction[i] * (ofRows ? m[i][j] : m[j][i]);
                    }
                    held += sum * sum;
                }
            }
        }
        assertThat(held).isCloseTo(energy, within(energy * 1e-5));
    }

    @Test
    void nothingStackedHasNoDirections() {
        assertThat(new StackedColumns(5).side(1, 1)).isNull();
        StackedColumns zeros = new StackedColumns(5);
        zeros.add(new double[5]);
        assertThat(zeros.side(1, 1)).isNull();
    }

    /** Adapters whose factors are mixed differently share the directions of their products. */
    @Test
    void productsOfMixedFactorsShareDirections() throws IOException {
        Random random = new Random(1);
        float[] b = values(20 * 2, random);
        float[] a = values(2 * 25, random);
        List<MemoryFile> members = new ArrayList<>();
        for (int m = 0; m < 5; m++) {
            float[] mixed = new float[40];
            for (int i = 0; i < 20; i++) {
                mixed[2 * i] = b[2 * i] * (m + 1) + b[2 * i + 1];
                mixed[2 * i + 1] = b[2 * i + 1] * (3 - m);
            }
            members.add(new MemoryFile()
                    .tensor("x.lora_A", List.of(2L, 25L), a)
                    .tensor("x.lora_B", List.of(20L, 2L), mixed)
                    .tensor("y.lora_A", List.of(2L, 25L), new float[50])
                    .tensor("y.lora_B", List.of(20L, 2L), mixed));
        }
        List<SharedDirections> slots = new BasisFitter(1, bytes -> {}).fitProducts(members);
        assertThat(slots).extracting(SharedDirections::name)
                .containsExactly("x.lora_A.product", "x.lora_A.product.components");
        SharedDirections product = slots.getFirst();
        assertThat(Objects.requireNonNull(product.left()).vectors()).hasDimensions(2, 20);
        assertThat(Objects.requireNonNull(product.right()).vectors()).hasDimensions(2, 25);
        SharedDirections.Side components = Objects.requireNonNull(slots.getLast().right());
        assertThat(components.vectors()).isDeepEqualTo(new double[][] {{1, 0}, {0, 1}});
        double[] sizes = components.magnitudes();
        assertThat(sizes[0] * sizes[0] + sizes[1] * sizes[1]).isCloseTo(2, within(1e-9));
        assertThat(sizes[0]).isGreaterThan(sizes[1]);
    }

    @Property(tries = 60)
    void scaledFactorsAreSingularVectorsAsLongAsTheValues(
            @ForAll @IntRange(min = 1, max = 9) int rows,
            @ForAll @IntRange(min = 1, max = 6) int inner,
            @ForAll @IntRange(min = 1, max = 9) int columns,
            @ForAll long seed) {
        ThinProduct product = product(rows, inner, columns, new Random(seed));
        ThinProduct.Scaled scaled = product.scaled().orElseThrow();
        double[][] formed = formed(product);
        double largest = scaled.values()[0];
        double[][] again = new double[rows][columns];
        for (int t = 0; t < inner; t++) {
            double value = scaled.values()[t];
            assertThat(value).isLessThanOrEqualTo(t == 0 ? value : scaled.values()[t - 1]);
            double left = 0;
            double right = 0;
            for (int i = 0; i < rows; i++) {
                left += Math.pow(scaled.left()[i * inner + t], 2);
                for (int j = 0; j < columns && value > 0; j++) {
                    again[i][j] += scaled.left()[i * inner + t] * (double) scaled.right()[t * columns + j] / value;
                }
            }
            for (int j = 0; j < columns; j++) {
                right += Math.pow(scaled.right()[t * columns + j], 2);
            }
            assertThat(Math.sqrt(left)).isCloseTo(value, within(1e-3 * largest));
            assertThat(Math.sqrt(right)).isCloseTo(value, within(1e-3 * largest));
        }
        for (int i = 0; i < rows; i++) {
            assertThat(again[i]).containsExactly(formed[i], within(1e-4 * largest));
        }
    }

    @Test
    void aProductOfNothingHasNoSingularVectors() {
        assertThat(new ThinProduct(new float[4], new float[4], 2, 2, 2).scaled()).isEmpty();
        float[] infinite = {Float.POSITIVE_INFINITY, 1, 1, 1};
        assertThat(new ThinProduct(infinite, infinite, 2, 2, 2).scaled()).isEmpty();
    }
}
