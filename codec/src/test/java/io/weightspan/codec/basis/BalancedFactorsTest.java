package io.weightspan.codec.basis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** R-BAL-004. */
class BalancedFactorsTest {
    private static MatrixElements matrix(float... elements) {
        return new MatrixElements() {
            @Override
            public long memory() {
                return 0;
            }

            @Override
            public void read(long first, int n, float[] out) {
                System.arraycopy(elements, (int) first, out, 0, n);
            }
        };
    }

    private static float[] read(MatrixElements matrix, int n) {
        float[] out = new float[n];
        matrix.read(0, n, out);
        return out;
    }

    @Test
    void oneOfTheTwoLengthsIsTakenOutHalfOfItOfEither() {
        // Columns of length 5 and 16, rows of length 80 and 1: their products' roots are 20 and 4.
        MatrixElements left = matrix(3, 0, 4, 16);
        MatrixElements right = matrix(48, 64, 0, 0, 0, 1);
        BalancedFactors factors = BalancedFactors.of(left, 2, right, 3, 2);
        double g = 1 / Math.sqrt(20);
        assertThat(read(factors.left(), 4)).containsExactly((float) (3 * g), 0, (float) (4 * g), 8);
        assertThat(read(factors.right(), 6)).containsExactly((float) (48 * g), (float) (64 * g), 0, 0, 0, 0.5f);
    }

    @Test
    void elementsAreTheSameFromAnywhere() {
        float[] elements = new float[5 * 7];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = i - 11.5f;
        }
        BalancedFactors factors = BalancedFactors.of(matrix(elements), 7, matrix(elements), 7, 5);
        for (MatrixElements factor : new MatrixElements[] {factors.left(), factors.right()}) {
            float[] all = read(factor, 35);
            for (int first = 0; first < 35; first++) {
                float[] some = new float[3];
                int n = Math.min(3, 35 - first);
                factor.read(first, n, some);
                assertThat(Arrays.copyOf(some, n)).isEqualTo(Arrays.copyOfRange(all, first, first + n));
            }
        }
    }

    @Test
    void aColumnOfZerosMakesItsRowZeros() {
        BalancedFactors factors = BalancedFactors.of(matrix(0, 2, 0, 0), 2, matrix(5, 6, 8, 0), 2, 2);
        assertThat(read(factors.left(), 4)).containsExactly(0, 1, 0, 0);
        assertThat(read(factors.right(), 4)).containsExactly(0, 0, 4, 0);
    }

    @Test
    void whatIsNotFiniteIsZero() {
        float inf = Float.POSITIVE_INFINITY;
        BalancedFactors factors = BalancedFactors.of(matrix(inf, 1), 2, matrix(3), 1, 1);
        assertThat(read(factors.left(), 2)).containsExactly(0, 0);
        assertThat(read(factors.right(), 1)).containsExactly(0);
        BalancedFactors nothing = BalancedFactors.of(matrix(Float.NaN), 1, matrix(3), 1, 1);
        assertThat(read(nothing.left(), 1)).containsExactly(0);
    }
}
