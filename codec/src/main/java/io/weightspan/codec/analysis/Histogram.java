package io.weightspan.codec.analysis;

import java.util.HashMap;
import java.util.Map;

/** Counts integers and tells what an ideal coder that learns their frequencies would spend on them. */
final class Histogram {
    private static final int NEAR = 64;
    private static final double LN2 = Math.log(2);

    private final long[] near = new long[2 * NEAR + 1];
    private final Map<Integer, Long> far = new HashMap<>();

    void add(int value) {
        if (value >= -NEAR && value <= NEAR) {
            near[value + NEAR]++;
        } else {
            far.merge(value, 1L, Long::sum);
        }
    }

    /** Takes zeros back that need not be coded after all. */
    void removeZeros(long count) {
        near[NEAR] -= count;
    }

    /**
     * The empirical entropy, and half a logarithm of the count for each frequency to be learnt (J. Rissanen, "Universal
     * coding, information, prediction, and estimation", IEEE Trans. Inf. Theory 30, 1984).
     */
    double bits() {
        long count = 0;
        int distinct = 0;
        double sum = 0;
        for (long each : near) {
            count += each;
            distinct += each > 0 ? 1 : 0;
            sum += each > 0 ? each * Math.log((double) each) : 0;
        }
        for (long each : far.values()) {
            count += each;
            distinct++;
            sum += each * Math.log((double) each);
        }
        if (count == 0) {
            return 0;
        }
        double logCount = Math.log((double) count);
        return (count * logCount - sum + (distinct - 1) * logCount / 2) / LN2;
    }
}
