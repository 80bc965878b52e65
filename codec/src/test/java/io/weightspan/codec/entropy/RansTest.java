package io.weightspan.codec.entropy;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.kernel.RansKernel;
import io.weightspan.codec.kernel.ScalarRansKernel;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RansTest {
    private static final RansKernel KERNEL = new ScalarRansKernel();
    private static final int LEAST = 1 << 16;

    private static FrequencyTable table(int... counts) {
        long[] all = new long[256];
        for (int s = 0; s < counts.length; s++) {
            all[s] = counts[s];
        }
        return FrequencyTable.fit(all);
    }

    /**
     * By hand from encodings/rans.md, frequencies f(0) = 1024, f(1) = 3072, one lane, symbols 1, 0. Encoding backwards
     * from 2^16 (no raw bits): symbol 0: 65536 / 1024 * 4096 + 0 = 262144; symbol 1: 262144 / 3072 = 85 remainder 1024:
     * 85 * 4096 + 1024 + 1024 = 350208.
     */
    @Test
    void aStreamWorkedOutByHand() {
        List<FrequencyTable> tables = List.of(table(1, 3));
        assertThat(tables.getFirst().frequency(0)).isEqualTo(1_024);
        int[] states = {LEAST};
        char[] words = new char[2 + RansKernel.PADDING];
        int[] places = {1, 0};
        assertThat(KERNEL.encode(new EncodingTables(tables).codes(), places, 2, states, words)).isZero();
        assertThat(states).containsExactly(350_208);
        byte[] symbols = new byte[2];
        int used = KERNEL.decode(new DecodingTables(tables).slots(), new int[2], 2, states, new char[1], 0, symbols);
        assertThat(used).isZero();
        assertThat(symbols).containsExactly(1, 0);
        assertThat(states).containsExactly(1 << 16);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 31, 32, 33, 63, 64, 65, 97, 1_009, 65_521, 65_536})
    void everySizeRoundTripsInEveryLaneCount(int n) {
        for (int lanes = 1; lanes <= 32; lanes *= 2) {
            roundTrip(n, lanes, n * 31L + lanes, false);
        }
    }

    @Property(tries = 200)
    void randomStreamsRoundTrip(@ForAll @IntRange(min = 0, max = 3_000) int n,
            @ForAll @IntRange(min = 0, max = 5) int lanesLog, @ForAll long seed, @ForAll boolean skewed) {
        roundTrip(n, 1 << lanesLog, seed, skewed);
    }

    private static void roundTrip(int n, int lanes, long seed, boolean skewed) {
        Random random = new Random(seed);
        List<FrequencyTable> tables = List.of(table(1, 3), table(5, 1, 1, 900, 60, 1), flat(),
                skewed ? table(1, 1 << 20) : table(7, 7));
        int[] tableOf = new int[n];
        byte[] symbols = new byte[n];
        for (int i = 0; i < n; i++) {
            tableOf[i] = random.nextInt(tables.size());
            FrequencyTable own = tables.get(tableOf[i]);
            int slot = random.nextInt(4_096);
            int s = 0;
            while (slot >= own.frequency(s)) {
                slot -= own.frequency(s++);
            }
            symbols[i] = (byte) s;
        }
        int[] ends = random.ints(lanes, LEAST, 2 * LEAST).toArray();
        int[] states = ends.clone();
        char[] words = new char[n + RansKernel.PADDING];
        EncodingTables encoding = new EncodingTables(tables);
        int[] places = new int[n];
        Arrays.setAll(places, i -> encoding.place(tableOf[i], symbols[i] & 0xFF));
        int count = KERNEL.encode(encoding.codes(), places, n, states, words);
        char[] stream = new char[count];
        for (int i = 0; i < count; i++) {
            stream[i] = words[count - 1 - i];
        }
        int[] offsets = Arrays.stream(tableOf).map(t -> t * 4_096).toArray();
        byte[] decoded = new byte[n];
        int[] slots = new DecodingTables(tables).slots();
        assertThat(KERNEL.decode(slots, offsets, n, states.clone(), stream, count, decoded)).isEqualTo(count);
        assertThat(decoded).isEqualTo(symbols);
        if (count > 0) {
            int short1 = KERNEL.decode(slots, offsets, n, states.clone(), stream, count - 1, new byte[n]);
            assertThat(short1).as("a word too few is noticed").isEqualTo(count);
        }
        KERNEL.decode(slots, offsets, n, states, stream, count, decoded);
        assertThat(states).as("what the lanes were given to hold").isEqualTo(ends);
    }

    private static FrequencyTable flat() {
        long[] counts = new long[256];
        Arrays.fill(counts, 3);
        return FrequencyTable.fit(counts);
    }
}
