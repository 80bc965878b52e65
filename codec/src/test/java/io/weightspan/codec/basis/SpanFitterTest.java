package io.weightspan.codec.basis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.weightspan.codec.tensor.MemoryFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Directions over the members, of families that are made of known ones. */
class SpanFitterTest {
    private static final int SIZE = 40_000;

    private static MemoryFile file(float[] w) {
        return new MemoryFile().tensor("w", List.of(200L, 200L), w);
    }

    private static List<SharedDirections> fit(List<MemoryFile> members, Optional<MemoryFile> base, int most)
            throws IOException {
        return new BasisFitter(2, bytes -> {}).fitSpans(members, base, most, 0);
    }

    private static SharedDirections.Side side(SharedDirections slot) {
        return Objects.requireNonNull(slot.right());
    }

    /** By hand: differences of 3 and 4 along one axis, and of 12 along another. */
    @Test
    void directionsOfSingleAxesByHand() throws IOException {
        List<MemoryFile> members = new ArrayList<>();
        for (double[] sizes : new double[][] {{3, 0}, {4, 0}, {0, 12}}) {
            float[] w = new float[SIZE];
            Arrays.fill(w, 7);
            w[5] += (float) sizes[0];
            w[39_999] += (float) sizes[1];
            members.add(file(w));
        }
        float[] base = new float[SIZE];
        Arrays.fill(base, 7);
        SharedDirections slot = fit(members, Optional.of(file(base)), 9).getFirst();
        assertThat(slot.name()).isEqualTo("w");
        assertThat(slot.left()).isNull();
        assertThat(List.of(slot.rows(), slot.columns())).containsExactly(1, SIZE);
        // Energies 144 and 9 + 16 = 25 of 169 together, which is 169 / 40,000 for each element.
        assertThat(side(slot).vectors()).hasDimensions(2, SIZE);
        assertThat(Math.abs(side(slot).vectors()[0][39_999])).isCloseTo(1, within(1e-9));
        assertThat(Math.abs(side(slot).vectors()[1][5])).isCloseTo(1, within(1e-9));
        assertThat(side(slot).magnitudes()[0]).isCloseTo(Math.sqrt(144 / (169.0 / SIZE)), within(1e-3));
        assertThat(side(slot).magnitudes()[1]).isCloseTo(Math.sqrt(25 / (169.0 / SIZE)), within(1e-3));
        assertThat(side(fit(members, Optional.of(file(base)), 1).getFirst()).vectors()).hasDimensions(1, SIZE);
        // 144 of 169 are 0.852.
        BasisFitter fitter = new BasisFitter(1, bytes -> {});
        assertThat(fitter.fitSpans(members, Optional.of(file(base)), 9, 0.86)).isEmpty();
        assertThat(side(fitter.fitSpans(members, Optional.of(file(base)), 9, 0.85).getFirst()).vectors())
                .hasDimensions(2, SIZE);
    }

    /** Without a base the first direction is what all members have in common. */
    @Test
    void theMeanIsTheFirstDirection() throws IOException {
        Random random = new Random(1);
        float[] mean = new float[SIZE];
        double square = 0;
        for (int i = 0; i < SIZE; i++) {
            mean[i] = (float) random.nextGaussian();
            square += (double) mean[i] * mean[i];
        }
        List<MemoryFile> members = new ArrayList<>();
        for (int m = 0; m < 5; m++) {
            float[] w = mean.clone();
            for (int i = 0; i < SIZE; i++) {
                w[i] += (float) (0.01 * random.nextGaussian());
            }
            members.add(file(w));
        }
        double[] first = side(fit(members, Optional.empty(), 3).getFirst()).vectors()[0];
        double dot = 0;
        for (int i = 0; i < SIZE; i++) {
            dot += first[i] * mean[i] / Math.sqrt(square);
        }
        assertThat(Math.abs(dot)).isCloseTo(1, within(1e-4));
    }

    @Test
    void membersThatAreNoNumbersOrEqualTheirBaseTellNothing() throws IOException {
        float[] odd = new float[SIZE];
        odd[17] = Float.NaN;
        odd[18] = 1;
        float[] one = new float[SIZE];
        one[20] = 2;
        MemoryFile base = file(new float[SIZE]);
        assertThat(fit(List.of(base, base), Optional.of(base), 4)).isEmpty();
        assertThat(fit(List.of(file(odd), file(odd)), Optional.of(base), 4)).isEmpty();
        double[][] vectors = side(fit(List.of(file(odd), file(one)), Optional.of(base), 4).getFirst()).vectors();
        assertThat(vectors).hasDimensions(1, SIZE);
        assertThat(Math.abs(vectors[0][20])).isCloseTo(1, within(1e-9));
        assertThat(vectors[0][18]).isZero();
    }
}
