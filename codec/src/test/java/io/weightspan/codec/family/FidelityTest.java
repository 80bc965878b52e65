package io.weightspan.codec.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FidelityTest {
    @Test
    void everyFidelityIsReadAsItIsWritten() {
        assertThat(Fidelity.parse("exact")).isEqualTo(Fidelity.EXACT);
        assertThat(Fidelity.parse("span")).isEqualTo(Fidelity.SPAN);
        assertThat(Fidelity.parse("bounded:0.1")).isEqualTo(Fidelity.bounded(0.1));
        assertThat(Fidelity.parse("bounded:1e-3")).isEqualTo(Fidelity.bounded(0.001));
        for (Fidelity one : new Fidelity[] {Fidelity.EXACT, Fidelity.SPAN, Fidelity.bounded(0.1),
            Fidelity.bounded(2)}) {
            assertThat(Fidelity.parse(one.toString())).isEqualTo(one);
        }
        assertThat(Fidelity.bounded(0.1)).hasToString("bounded:0.1");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "bounded:", "bounded:0", "bounded:-0.1", "bounded:NaN", "bounded:Infinity", "bounded:1e39", "bounded:x",
        "bounded:0.1.2"
    })
    void aBoundMustBeANumberAboveZero(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Fidelity.parse(text))
                .withMessage("'" + text + "' has no number above 0 behind the colon");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Exact", "bounded", "bounded 0.1", "spans", "span:1", " exact"})
    void otherWordsAreRefusedWithWhatThereIs(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Fidelity.parse(text))
                .withMessageContaining("'" + text + "' is no fidelity")
                .withMessageContaining("bounded:EPS");
    }

    @Test
    void onlyABoundHasABound() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Fidelity(Fidelity.Kind.EXACT, 0.1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Fidelity(Fidelity.Kind.SPAN, 0.1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Fidelity(Fidelity.Kind.BOUNDED, 0));
    }
}
