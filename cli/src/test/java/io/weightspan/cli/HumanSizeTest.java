package io.weightspan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class HumanSizeTest {

    @Test
    void keepsThreeDigits() {
        assertThat(HumanSize.of(0)).isEqualTo("0 B");
        assertThat(HumanSize.of(999)).isEqualTo("999 B");
        assertThat(HumanSize.of(1000)).isEqualTo("1.00 kB");
        assertThat(HumanSize.of(921_300)).isEqualTo("921 kB");
        assertThat(HumanSize.of(1_834_104)).isEqualTo("1.83 MB");
        assertThat(HumanSize.of(99_960_000)).isEqualTo("100 MB");
        assertThat(HumanSize.of(Long.MAX_VALUE)).isEqualTo("9.22 EB");
    }

    @Test
    void goesToTheNextUnitWhereRoundingWould() {
        assertThat(HumanSize.of(999_499)).isEqualTo("999 kB");
        assertThat(HumanSize.of(999_500)).isEqualTo("1.00 MB");
        assertThat(HumanSize.of(9_994_000)).isEqualTo("9.99 MB");
        assertThat(HumanSize.of(9_996_000)).isEqualTo("10.0 MB");
    }

    @Test
    void refusesNegativeSizes() {
        assertThatThrownBy(() -> HumanSize.of(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void writesRatiosTimesAndExactNumbers() {
        assertThat(HumanSize.ratio(374, 1000)).isEqualTo("37.4 %");
        assertThat(HumanSize.ratio(10, 0)).isEqualTo("-");
        assertThat(HumanSize.exact(1_834_104)).isEqualTo("1,834,104");
        assertThat(HumanSize.time(840_000_000L)).isEqualTo("0.8 s");
        assertThat(HumanSize.time(125_000_000_000L)).isEqualTo("2 min 05 s");
    }
}
