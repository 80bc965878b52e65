package io.weightspan.codec.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.weightspan.codec.basis.Eigen;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Measures on numbers that can be worked out by hand. */
class MeasuresTest {
    @Test
    void entropyCountsWhatLearningTheFrequenciesCosts() {
        Histogram histogram = new Histogram();
        assertThat(histogram.bits()).isZero();
        for (int i = 0; i < 8; i++) {
            histogram.add(i % 2 == 0 ? 0 : 1_000);
        }
        // Eight of one bit, and half of log2(8) for the one free frequency.
        assertThat(histogram.bits()).isCloseTo(8 + 1.5, within(1e-12));
        histogram.removeZeros(4);
        assertThat(histogram.bits()).isZero();
    }

    @Test
    void gainIsTheRatioOfTheMeansOfTheClassVariances() {
        ClassVariances variances = new ClassVariances();
        // Two rows expected to differ by four octaves, and so they do: variances 1 and 16 where both were expected.
        variances.add(new float[] {1, -1, 4, -4}, 1, new double[] {1, 4}, new double[] {1, 1});
        assertThat(variances.gain()).isCloseTo((Math.log(8.5) / Math.log(2) - 2) / 2, within(1e-12));
        ClassVariances unexpected = new ClassVariances();
        unexpected.add(new float[] {1, -1, 4, -4}, 1, new double[] {1, 1}, new double[] {1, 1});
        assertThat(unexpected.gain()).isCloseTo(0, within(1e-12));
    }

    @Test
    void everyFifthMemberIsHeldOut() {
        assertThat(HeldOut.of(11, 5).held()).containsExactly(0, 5, 10);
        assertThat(HeldOut.of(11, 5).fitted()).containsExactly(1, 2, 3, 4, 6, 7, 8, 9);
        assertThat(HeldOut.of(11, 5).sampleOfFitted()).containsExactly(1, 3, 7);
        assertThat(HeldOut.of(3, 5).held()).containsExactly(0);
        assertThat(HeldOut.of(2, 5).held()).isEmpty();
        assertThat(HeldOut.of(0, 5).fitted()).isEmpty();
    }

    @Test
    void countsOfDirectionsGrow() {
        assertThat(ModelAxis.counts(45)).containsExactly(0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 45);
        assertThat(ModelAxis.counts(2)).containsExactly(0, 1, 2);
        assertThat(ModelAxis.counts(0)).containsExactly(0);
    }

    @Test
    void eigenvaluesComeLargestFirst() {
        Eigen eigen = Eigen.of(new double[] {2, 1, 0, 2}, 2).orElseThrow();
        assertThat(eigen.values()).containsExactly(new double[] {3, 1}, within(1e-12));
        assertThat(Math.abs(eigen.vectors()[0][0])).isCloseTo(Math.sqrt(0.5), within(1e-12));
        assertThat(eigen.shares()).containsExactly(new double[] {0.75, 0.25}, within(1e-12));
        assertThat(Eigen.of(new double[4], 2).orElseThrow().shares()).containsExactly(0, 0);
    }

    @Test
    void randomTensorsAreNormalAndTheSameInAnyPart() throws IOException {
        RandomDifferences random = new RandomDifferences(3, 100_001, new double[] {2, 0});
        float[] all = random.of(0);
        double square = 0;
        double fourth = 0;
        for (float x : all) {
            square += (double) x * x;
            fourth += Math.pow(x, 4);
        }
        assertThat(square / all.length).isCloseTo(4, within(0.05));
        assertThat(fourth / all.length / 16).isCloseTo(3, within(0.1));
        float[] part = new float[5];
        random.read(0, 77, 5, part);
        assertThat(part).containsExactly(all[77], all[78], all[79], all[80], all[81]);
        for (float x : random.of(1)) {
            assertThat(Math.abs(x)).isZero();
        }
    }

    @Test
    void numbersAreRoundedToSixDigits() {
        assertThat(Rounded.six(1.23456789e-7)).isEqualTo(1.23457e-7);
        assertThat(Rounded.six(Double.NaN)).isZero();
        assertThat(Rounded.relative(1, 0)).isZero();
        assertThat(Rounded.relative(-1e-20, 4)).isZero();
        assertThat(Rounded.relative(1, 4)).isEqualTo(0.5);
    }
}
