package io.weightspan.codec.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.FloatElements;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WeightedSumTest {

    @Test
    void differencesFromTheBaseAreSummed() {
        WeightedSum sum = new WeightedSum(List.of(0.5, -2.0));
        double[] out = add(sum, DType.F32, new double[] {1, 1, -0.0, 8}, new double[] {3, 1, -0.0, 8},
                new double[] {1.5, 1, -0.0, 0});
        // 1 + 0.5 * 2 - 2 * 0.5, the base where nothing differs, 8 + 0.5 * 0 - 2 * -8.
        assertThat(out).containsExactly(1, 1, -0.0, 24);
        assertThat(sum.notFinite()).isZero();
    }

    @Test
    void withoutABaseTheTensorsAreSummed() {
        WeightedSum sum = new WeightedSum(List.of(0.25, 0.5));
        assertThat(add(sum, DType.F16, null, new double[] {4, -8}, new double[] {6, 1})).containsExactly(4, -1.5);
    }

    @Test
    void theSumIsRoundedOnceAndOnlyAtTheEnd() {
        // 1 + 2^-9 lies between 1 and 1 + 2^-7 in BF16; 1 + 2^-8 is a tie and goes to even, a bit more goes up.
        WeightedSum sum = new WeightedSum(List.of(0.25));
        double step = Math.scalb(1.0, -7);
        assertThat(add(sum, DType.BF16, new double[] {1, 1}, new double[] {1 + step, 1 + 2 * step}))
                .containsExactly(1, 1);
        WeightedSum more = new WeightedSum(List.of(0.25 + Math.scalb(1.0, -40)));
        assertThat(add(more, DType.BF16, new double[] {1}, new double[] {1 + 2 * step})).containsExactly(1 + step);
    }

    @Test
    void resultsThatAreNotFiniteAreCounted() {
        WeightedSum sum = new WeightedSum(List.of(2.0));
        double[] out = add(sum, DType.F16, new double[] {1, 0}, new double[] {60_000, Double.NaN});
        assertThat(out).containsExactly(Double.POSITIVE_INFINITY, Double.NaN);
        assertThat(sum.notFinite()).isEqualTo(2);
    }

    @Test
    void weightsMustBeFinite() {
        assertThatThrownBy(() -> new WeightedSum(List.of(1.0, Double.NaN)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new WeightedSum(List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void everyRoundingIsToTheNearestElementTiesToEven() {
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            double value = Math.scalb(random.nextGaussian(), random.nextInt(30) - 20);
            // Half of the values lie a hair from a tie.
            if (i % 2 == 0) {
                value = Math.scalb(Math.rint(Math.scalb(value, 30)), -30);
                value = random.nextBoolean() ? Math.nextUp(value) : Math.nextDown(value);
            }
            for (DType dtype : List.of(DType.BF16, DType.F16)) {
                MemorySegment bytes = MemorySegment.ofArray(new byte[2]);
                FloatElements.write(dtype, new double[] {value}, 1, bytes);
                int bits = Short.toUnsignedInt(bytes.get(java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED, 0));
                assertNearest(dtype, bits, value);
            }
        }
    }

    private static void assertNearest(DType dtype, int bits, double value) {
        BigDecimal error = distance(dtype, bits, value);
        for (int other : new int[] {bits - 1, bits + 1}) {
            if ((other & 0x7FFF) != 0x7FFF && (bits & 0x7FFF) != 0) {
                int compared = error.compareTo(distance(dtype, other, value));
                assertThat(compared < 0 || compared == 0 && (bits & 1) == 0).as("%s %s", dtype, value).isTrue();
            }
        }
    }

    private static BigDecimal distance(DType dtype, int bits, double value) {
        double[] out = new double[1];
        FloatElements.read(dtype, MemorySegment.ofArray(new byte[] {(byte) bits, (byte) (bits >> 8)}), 1, out);
        return new BigDecimal(out[0]).subtract(new BigDecimal(value)).abs();
    }

    private static double[] add(WeightedSum sum, DType dtype, double @Nullable [] base, double[]... members) {
        int n = members[0].length;
        WeightedSum.Run out = run(dtype, new double[n]);
        sum.add(base == null ? null : run(dtype, base), List.of(members).stream().map(one -> run(dtype, one)).toList(),
                n, out);
        double[] read = new double[n];
        FloatElements.read(dtype, out.elements(), n, read);
        return read;
    }

    private static WeightedSum.Run run(DType dtype, double[] values) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[values.length * dtype.bits() / 8]);
        FloatElements.write(dtype, values, values.length, bytes);
        return new WeightedSum.Run(dtype, bytes);
    }
}
