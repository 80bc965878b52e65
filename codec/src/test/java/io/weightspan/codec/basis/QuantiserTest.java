package io.weightspan.codec.basis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** What rounding with the bits in mind may do, and what it may not. */
final class QuantiserTest {

    @Property
    void nothingIsRoundedAwayFromZeroBeyondTheNextStepNorFartherThanToZero(
            @ForAll @Size(min = 1, max = 200) float[] coefficients,
            @ForAll @FloatRange(min = 0.01f, max = 100) float step,
            @ForAll @IntRange(min = 0, max = 127) int context) {
        for (int i = 0; i < coefficients.length; i++) {
            coefficients[i] = Float.isFinite(coefficients[i]) ? coefficients[i] % (1_000 * step) : 0;
        }
        byte[] contexts = new byte[coefficients.length];
        Arrays.fill(contexts, (byte) context);
        int[] q = Quantiser.quantise(coefficients, step, contexts);
        for (int i = 0; i < q.length; i++) {
            double steps = coefficients[i] / (double) step;
            assertThat(Math.abs(q[i])).isLessThanOrEqualTo((int) Math.ceil(Math.abs(steps)));
            assertThat(q[i] * steps).isGreaterThanOrEqualTo(0);
            assertThat(Math.abs(steps - q[i])).isLessThanOrEqualTo(Math.max(1, Math.abs(q[i]) > 0 ? 1 : 16));
        }
    }

    @Test
    void largeOnesAreRoundedToTheNearest() {
        float[] c = {100.4f, -100.6f, 17.49f, -17.51f};
        assertThat(Quantiser.quantise(c, 1, new byte[] {90, 90, 90, 90})).containsExactly(100, -101, 17, -18);
    }

    /** 0.9 is 1 where such are common, and 0 where a thousand others are 0: there it would take about 11 bits. */
    @Test
    void theContextDecidesWhatIsWorthItsBits() {
        assertThat(Quantiser.quantise(new float[] {0.9f}, 1, new byte[] {64})).containsExactly(1);
        float[] rare = new float[1_000];
        rare[7] = 0.9f;
        byte[] contexts = new byte[rare.length];
        Arrays.fill(contexts, (byte) 30);
        assertThat(Quantiser.quantise(rare, 1, contexts)).containsOnly(0);
    }
}
