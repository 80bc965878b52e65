package io.weightspan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {

    @Test
    void readsDecimalAndBinaryUnits() {
        assertThat(ByteSize.parse("0")).isZero();
        assertThat(ByteSize.parse("500")).isEqualTo(500);
        assertThat(ByteSize.parse("500B")).isEqualTo(500);
        assertThat(ByteSize.parse("1.5GB")).isEqualTo(1_500_000_000L);
        assertThat(ByteSize.parse(" 20 gib ")).isEqualTo(20L << 30);
        assertThat(ByteSize.parse("1T")).isEqualTo(1_000_000_000_000L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GB", "-1", "1e3", "1PB", "1iB", "1,5GB", "999999999999TB"})
    void refusesOtherText(String text) {
        assertThatThrownBy(() -> ByteSize.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
