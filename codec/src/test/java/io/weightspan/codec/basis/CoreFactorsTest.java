package io.weightspan.codec.basis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The factors of a core, and the tensors made of them, against product.md computed here again, as it is written. */
class CoreFactorsTest {

    /** A core by hand: its largest column is the second one, so that one factor keeps -4 and drops 3. */
    @Test
    void theLargestPartIsKept() {
        CoreFactors found = CoreFactors.of(new int[] {3, 0, 0, -4}, 2, 2, 1, 1);
        assertThat(found.left()).isDeepEqualTo(new double[][] {{0}, {-1}});
        assertThat(found.right()).isDeepEqualTo(new double[][] {{0}, {4}});
        assertThat(found.leftScale()).containsExactly(2);
        assertThat(found.rightScale()).containsExactly(0.5);
        assertThat(all(new ProductFactor(found, null, true), 2)).containsExactly(0, -2);
        assertThat(all(new ProductFactor(found, null, false), 2)).containsExactly(0, 2);
    }

    @Test
    void aStepIsSharedByBothFactors() {
        CoreFactors found = CoreFactors.of(new int[] {9}, 1, 1, 1, 4);
        // The root of 9 times the root of 4 on either side.
        assertThat(all(new ProductFactor(found, null, true), 1)).containsExactly(6);
        assertThat(all(new ProductFactor(found, null, false), 1)).containsExactly(6);
    }

    @Test
    void aCoreOfZerosHasFactorsOfZeros() {
        CoreFactors found = CoreFactors.of(new int[12], 3, 4, 2, 0.5f);
        float[] left = all(new ProductFactor(found, directions(3, 5, new Random(1)), true), 10);
        float[] right = all(new ProductFactor(found, null, false), 8);
        for (float value : left) {
            assertThat(Float.floatToRawIntBits(value)).isZero();
        }
        for (float value : right) {
            assertThat(Float.floatToRawIntBits(value)).isZero();
        }
    }

    /** R-PRO-005: what binary32 does not hold is +0, and what it holds stays. */
    @Test
    void elementsThatDoNotFitBinary32AreZero() {
        CoreFactors found = CoreFactors.of(new int[] {1 << 30}, 1, 1, 1, 1);
        Directions large = new Directions(1, 2, new float[] {Float.MAX_VALUE, -1}, new byte[1]);
        assertThat(all(new ProductFactor(found, large, true), 2)).containsExactly(0, -32_768);
        assertThat(all(new ProductFactor(found, large, false), 2)).containsExactly(0, -32_768);
    }

    @Property(tries = 300)
    void factorsAreThoseOfTheSpec(@ForAll @IntRange(min = 1, max = 12) int k,
            @ForAll @IntRange(min = 1, max = 12) int l, @ForAll @IntRange(min = 1, max = 15) int r,
            @ForAll @IntRange(min = 0, max = 6) int rank, @ForAll long seed) {
        Random random = new Random(seed);
        int[] core = rank == 0 ? random.ints((long) k * l, -9, 10).toArray() : ofRank(k, l, rank - 1, random);
        float step = (float) Math.exp(random.nextGaussian());
        CoreFactors found = CoreFactors.of(core, k, l, r, step);
        Expected expected = new Expected(core, k, l, r, step);
        assertThat(found.left()).isDeepEqualTo(expected.z);
        assertThat(found.right()).isDeepEqualTo(expected.x);
        assertThat(found.leftScale()).isEqualTo(expected.g);
        assertThat(found.rightScale()).isEqualTo(expected.h);

        Directions left = random.nextInt(4) == 0 ? null : directions(k, 1 + random.nextInt(20), random);
        Directions right = random.nextInt(4) == 0 ? null : directions(l, 1 + random.nextInt(20), random);
        compare(new ProductFactor(found, left, true), expected.leftFactor(left), random);
        compare(new ProductFactor(found, right, false), expected.rightFactor(right), random);
    }

    /** Of a core of lower rank than the factors nothing is lost. */
    @Property(tries = 100)
    void theProductIsTheCore(@ForAll @IntRange(min = 1, max = 9) int k, @ForAll @IntRange(min = 1, max = 9) int l,
            @ForAll @IntRange(min = 0, max = 4) int rank, @ForAll @IntRange(max = 9) int more, @ForAll long seed) {
        int[] core = ofRank(k, l, rank, new Random(seed));
        int r = Math.max(1, rank + more);
        CoreFactors found = CoreFactors.of(core, k, l, r, 0.25f);
        float[] left = all(new ProductFactor(found, null, true), k * r);
        float[] right = all(new ProductFactor(found, null, false), r * l);
        double largest = 1;
        for (int q : core) {
            largest = Math.max(largest, Math.abs(q));
        }
        for (int a = 0; a < k; a++) {
            for (int b = 0; b < l; b++) {
                double sum = 0;
                for (int t = 0; t < r; t++) {
                    sum += (double) left[a * r + t] * right[t * l + b];
                }
                assertThat(sum).isCloseTo(0.25 * core[a * l + b], within(largest * 1e-5));
            }
        }
    }

    private static int[] ofRank(int k, int l, int rank, Random random) {
        int[] core = new int[k * l];
        for (int t = 0; t < rank; t++) {
            int[] u = random.ints(k, -3, 4).toArray();
            int[] v = random.ints(l, -3, 4).toArray();
            for (int i = 0; i < core.length; i++) {
                core[i] += u[i / l] * v[i % l];
            }
        }
        return core;
    }

    private static Directions directions(int count, int length, Random random) {
        float[] values = new float[count * length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new Directions(count, length, values, new byte[count]);
    }

    private static float[] all(MatrixElements matrix, int n) {
        float[] values = new float[n];
        matrix.read(0, n, values);
        return values;
    }

    private static void compare(ProductFactor factor, float[] expected, Random random) {
        assertThat(all(factor, expected.length)).isEqualTo(expected);
        for (int range = 0; range < 5; range++) {
            int first = random.nextInt(expected.length);
            float[] part = new float[random.nextInt(expected.length - first + 1)];
            factor.read(first, part.length, part);
            for (int i = 0; i < part.length; i++) {
                assertThat(part[i]).isEqualTo(expected[first + i]);
            }
        }
    }

    /** The sections "The factors of the core" and "Decoding" of product.md; matrices are indexed as they are there. */
    private static final class Expected {
        private final int k;
        private final int l;
        private final int r;
        private final double[][] z;
        private final double[][] x;
        private final double[] g;
        private final double[] h;

        Expected(int[] core, int k, int l, int r, float step) {
            this.k = k;
            this.l = l;
            this.r = r;
            double[][] c = new double[k][l];
            for (int i = 0; i < core.length; i++) {
                c[i / l][i % l] = core[i];
            }
            z = start(c);
            x = new double[l][r];
            for (int iteration = 0; iteration < 4; iteration++) {
                timesTransposed(c);
                orthonormalise(x);
                for (int t = 0; t < r; t++) {
                    for (int a = 0; a < k; a++) {
                        double sum = 0;
                        for (int b = 0; b < l; b++) {
                            sum = sum + c[a][b] * x[b][t];
                        }
                        z[a][t] = sum;
                    }
                }
                orthonormalise(z);
            }
            timesTransposed(c);
            g = new double[r];
            h = new double[r];
            for (int t = 0; t < r; t++) {
                g[t] = Math.sqrt(Math.sqrt(product(x, t, t))) * Math.sqrt((double) step);
                h[t] = g[t] == 0 ? 0 : (double) step / g[t];
            }
        }

        private double[][] start(double[][] c) {
            double[][] rest = new double[k][];
            for (int a = 0; a < k; a++) {
                rest[a] = c[a].clone();
            }
            double[][] first = new double[k][r];
            for (int t = 0; t < r; t++) {
                int pivot = 0;
                double most = -1;
                for (int b = 0; b < l; b++) {
                    double w = product(rest, b, b);
                    if (w > most) {
                        most = w;
                        pivot = b;
                    }
                }
                for (int a = 0; a < k; a++) {
                    first[a][t] = most == 0 ? 0 : rest[a][pivot] / Math.sqrt(most);
                }
                for (int b = 0; b < l; b++) {
                    double e = 0;
                    for (int a = 0; a < k; a++) {
                        e = e + first[a][t] * rest[a][b];
                    }
                    for (int a = 0; a < k; a++) {
                        rest[a][b] = rest[a][b] - e * first[a][t];
                    }
                }
            }
            return first;
        }

        private void timesTransposed(double[][] c) {
            for (int t = 0; t < r; t++) {
                for (int b = 0; b < l; b++) {
                    double sum = 0;
                    for (int a = 0; a < k; a++) {
                        sum = sum + c[a][b] * z[a][t];
                    }
                    x[b][t] = sum;
                }
            }
        }

        private static double product(double[][] columns, int s, int t) {
            double sum = 0;
            for (double[] row : columns) {
                sum = sum + row[s] * row[t];
            }
            return sum;
        }

        private void orthonormalise(double[][] columns) {
            for (int t = 0; t < r; t++) {
                double before = Math.sqrt(product(columns, t, t));
                for (int pass = 1; pass <= 2; pass++) {
                    for (int s = 0; s < t; s++) {
                        double e = product(columns, s, t);
                        for (double[] row : columns) {
                            row[t] = row[t] - e * row[s];
                        }
                    }
                }
                double e = Math.sqrt(product(columns, t, t));
                for (double[] row : columns) {
                    row[t] = e > before * Math.pow(2, -40) ? row[t] / e : 0;
                }
            }
        }

        float[] leftFactor(@Nullable Directions left) {
            int m = left == null ? k : left.length();
            float[] elements = new float[m * r];
            for (int i = 0; i < m; i++) {
                for (int t = 0; t < r; t++) {
                    double sum = left == null ? z[i][t] : 0;
                    for (int a = 0; left != null && a < k; a++) {
                        sum = sum + (double) left.values()[a * m + i] * z[a][t];
                    }
                    elements[i * r + t] = (float) (g[t] * sum);
                }
            }
            return elements;
        }

        float[] rightFactor(@Nullable Directions right) {
            int n = right == null ? l : right.length();
            float[] elements = new float[r * n];
            for (int t = 0; t < r; t++) {
                for (int j = 0; j < n; j++) {
                    double sum = right == null ? x[j][t] : 0;
                    for (int b = 0; right != null && b < l; b++) {
                        sum = sum + x[b][t] * (double) right.values()[b * n + j];
                    }
                    elements[t * n + j] = (float) (h[t] * sum);
                }
            }
            return elements;
        }
    }
}
