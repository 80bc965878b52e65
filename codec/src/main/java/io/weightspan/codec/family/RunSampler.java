package io.weightspan.codec.family;

import io.weightspan.codec.residual.FloatBlockDecoder;
import java.util.ArrayList;
import java.util.List;

/** Chooses runs of a tensor's elements: all of a small tensor, an even sample of a large one. Stateless. */
final class RunSampler {
    private static final int RUN = 4_096;

    /** The golden ratio's fraction over 2^64: its multiples fall evenly and hit no period. */
    private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;

    private RunSampler() {}

    /** A run of at most 65,536 elements. */
    record Run(long first, int n) {}

    /** All elements, block by block. */
    static List<Run> all(long elements) {
        List<Run> runs = new ArrayList<>();
        for (long first = 0; first < elements; first += FloatBlockDecoder.BLOCK) {
            runs.add(new Run(first, (int) Math.min(FloatBlockDecoder.BLOCK, elements - first)));
        }
        return runs;
    }

    /** At most about {@code most} elements: all of them, or short runs, one in each of as many even parts. */
    static List<Run> sample(long elements, int most) {
        if (elements <= most) {
            return all(elements);
        }
        int count = Math.max(1, most / RUN);
        long stratum = elements / count;
        List<Run> runs = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            // One run anywhere in each stratum: at even distances they might meet the same place of something that
            // repeats.
            long jitter = (i * GOLDEN >>> 1) % (stratum - RUN + 1);
            runs.add(new Run(stratum * i + jitter, RUN));
        }
        return runs;
    }

    static long total(List<Run> runs) {
        long total = 0;
        for (Run run : runs) {
            total += run.n();
        }
        return total;
    }
}
