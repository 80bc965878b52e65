package io.weightspan.codec.entropy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrequencyTableTest {
    private static FrequencyTable read(String hex) throws ContainerException {
        BitReader bits = new BitReader(HexFormat.of().parseHex(hex), ErrorCode.MALFORMED_TABLE);
        FrequencyTable table = FrequencyTable.read(bits);
        bits.end();
        return table;
    }

    /**
     * By hand from encodings/tables.md: lo 127, hi 129, rest 128; symbol 127 has L = 6 (z = 0: one bit 0), v = 5 of 3
     * bits: 32 + 5 * 4 = 52; symbol 129 has L = 4 (z = 3: bits 1 1 1 0), v = 2 of 3 bits: 8 + 2 = 10; rest 4034.
     * Bits after the three bytes: 0 101 1110 010, least significant first: 0 1 0 1 1 1 1 0 | 0 1 0.
     */
    @Test
    void aTableWrittenByHandIsRead() throws ContainerException {
        FrequencyTable table = read("7f8180" + "7a" + "02");
        assertThat(table.frequency(127)).isEqualTo(52);
        assertThat(table.frequency(129)).isEqualTo(10);
        assertThat(table.frequency(128)).isEqualTo(4034);
        assertThat(table.frequency(0)).isZero();
        BitWriter out = new BitWriter(16);
        table.write(out);
        assertThat(HexFormat.of().formatHex(out.toByteArray())).isEqualTo("7f81807a02");
    }

    @ParameterizedTest
    @CsvSource({"800280, lo above hi", "818280, rest below lo", "7f8190, rest above hi", "7f8180, no frequencies",
        "7f8180ffffffff00, length code too long", "808080, one symbol only", "7f81807a0200, bytes left over",
        "7f81807aff, unused bits set"})
    void rTab001AMalformedTableIsRefused(String hex, String why) {
        assertThatThrownBy(() -> read(hex)).as(why).isInstanceOfSatisfying(ContainerException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.MALFORMED_TABLE));
    }

    @Property(tries = 300)
    void whatIsFittedCodesEveryCountedSymbolAndIsReadBack(
            @ForAll @Size(256) int @IntRange(min = 0, max = 100_000) [] drawn,
            @ForAll @IntRange(min = 1, max = 256) int kept) throws ContainerException {
        long[] counts = new long[256];
        for (int s = 0; s < kept; s++) {
            counts[s * 97 % 256] = drawn[s];
        }
        FrequencyTable table = FrequencyTable.fit(counts);
        int sum = 0;
        for (int s = 0; s < 256; s++) {
            sum += table.frequency(s);
            assertThat(table.frequency(s)).isBetween(counts[s] > 0 ? 1 : 0, 4_095);
        }
        assertThat(sum).isEqualTo(4_096);
        BitWriter out = new BitWriter(16);
        table.write(out);
        BitReader in = new BitReader(out.toByteArray(), ErrorCode.MALFORMED_TABLE);
        assertThat(FrequencyTable.read(in)).isEqualTo(table);
        in.end();
    }

    @Test
    void aSkewedTableKeepsItsRareSymbols() {
        long[] counts = new long[256];
        for (int s = 0; s < 256; s++) {
            counts[s] = 1;
        }
        counts[7] = 1L << 40;
        FrequencyTable table = FrequencyTable.fit(counts);
        assertThat(table.frequency(7)).isEqualTo(4_096 - 255);
        assertThat(table.frequency(8)).isEqualTo(1);
    }
}
