package io.weightspan.codec.family;

import io.weightspan.codec.residual.FloatBlockDecoder;
import java.util.ArrayList;
import java.util.List;

/** Chooses runs of a tensor's elements: all of a small tensor, an even sample of a large one. Stateless. */
final class RunSampler {
    private static final int RUN = 4_096;

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

    /** At most about {@code most} elements: all of them, or short runs spread evenly. */
    static List<Run> sample(long elements, int most) {
        if (elements <= most) {
            return all(elements);
        }
        int count = Math.max(1, most / RUN);
        List<Run> runs = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            // Whole multiples of the run, so that runs of a row-major matrix do not all begin in the same column.
            long first = (elements - RUN) / count * i + (long) (i * 977 % RUN);
            runs.add(new Run(Math.min(first, elements - RUN), RUN));
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
