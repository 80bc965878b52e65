package io.weightspan.codec.basis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Against the formulas of {@code encodings/modes.md}, one element at a time. */
class TurnedMatrixTest {
    private static Directions directions(int count, int length, Random random) {
        float[] values = new float[count * length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new Directions(count, length, values, new byte[count]);
    }

    @Property(tries = 200)
    void elementsAreTheSumsOfTheSpec(@ForAll @IntRange(min = 1, max = 40) int rows,
            @ForAll @IntRange(min = 1, max = 40) int columns, @ForAll @IntRange(max = 9) int k,
            @ForAll @IntRange(max = 9) int l, @ForAll long seed) {
        Random random = new Random(seed);
        Directions left = k == 0 ? null : directions(k, rows, random);
        Directions right = l == 0 ? null : directions(l, columns, random);
        int height = left == null ? rows : k;
        int width = right == null ? columns : l;
        int[] q = random.ints((long) height * width, -5, 6).map(x -> Math.abs(x) > 2 ? x : 0).toArray();
        float step = 0.37f;
        float[] expected = new float[rows * columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                float d = left == null ? turned(q, right, width, columns, i, j) : 0;
                for (int a = 0; left != null && a < k; a++) {
                    float product = left.values()[a * rows + i] * turned(q, right, width, columns, a, j);
                    d = d + product;
                }
                expected[i * columns + j] = step * d;
            }
        }
        TurnedMatrix matrix = new TurnedMatrix(q, height, columns, left, right, step);
        float[] all = new float[rows * columns];
        matrix.read(0, all.length, all);
        assertThat(all).isEqualTo(expected);
        int first = random.nextInt(all.length);
        float[] part = new float[random.nextInt(all.length - first + 1)];
        matrix.read(first, part.length, part);
        for (int i = 0; i < part.length; i++) {
            assertThat(part[i]).isEqualTo(expected[first + i]);
        }
    }

    private static float turned(
            int[] q, @Nullable Directions right, int width, int columns, int a, int j) {
        if (right == null) {
            return q[a * width + j];
        }
        float t = 0;
        for (int b = 0; b < width; b++) {
            float product = q[a * width + b] * right.values()[b * columns + j];
            t = t + product;
        }
        return t;
    }

    /** A quarter turn, by hand: the projection finds what the turned matrix is made of. */
    @Test
    void projectionAndTurnAreInverse() {
        Directions swap = new Directions(2, 2, new float[] {0, 1, 1, 0}, new byte[2]);
        float[] c = Projection.coefficients(new float[] {1, 2, 3, 4}, 2, 2, swap, null);
        assertThat(c).containsExactly(3, 4, 1, 2);
        float[] d = new float[4];
        new TurnedMatrix(new int[] {3, 4, 1, 2}, 2, 2, swap, null, 1).read(0, 4, d);
        assertThat(d).containsExactly(1, 2, 3, 4);
    }
}
