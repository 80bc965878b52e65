package io.weightspan.codec.entropy;

import java.util.ArrayList;
import java.util.List;

/**
 * Chooses tables for the contexts of a residual: neighbouring contexts share one where it costs less than two.
 *
 * <p>Stateless.
 */
public final class TableSetBuilder {
    /** Number of contexts. */
    public static final int CONTEXTS = 128;

    /** About what {@link FrequencyTable#write} spends on one symbol, in bits. */
    private static final double BITS_PER_SYMBOL = 5;

    private static final double BITS_PER_TABLE = 24 + 16;

    /** More tables than this would not stay in a core's second-level cache while decoding. */
    private static final int MOST_TABLES = 32;

    private TableSetBuilder() {}

    /**
     * Tables and which contexts they serve.
     *
     * @param tables the tables, one for each segment of contexts
     * @param segmentEnds the context after each segment, the last being 128
     * @param bits what the counted symbols and the tables take, in bits
     */
    public record TableSet(List<FrequencyTable> tables, List<Integer> segmentEnds, double bits) {}

    private static final class Segment {
        private final long[] counts;
        private int end;
        private double bits;

        Segment(long[] counts, int end) {
            this.counts = counts;
            this.end = end;
            this.bits = bits(counts);
        }
    }

    /**
     * Finds tables.
     *
     * @param counts 256 counts for each of 128 contexts
     * @param escapable whether symbols that were not counted may occur, so that every table must code the escape,
     *      symbol 0
     * @return the set; one table even if nothing was counted
     */
    public static TableSet build(long[] counts, boolean escapable) {
        List<Segment> segments = new ArrayList<>();
        for (int c = 0; c < CONTEXTS; c++) {
            long[] own = new long[FrequencyTable.SYMBOLS];
            System.arraycopy(counts, c * FrequencyTable.SYMBOLS, own, 0, own.length);
            if (sum(own) > 0) {
                segments.add(new Segment(own, c + 1));
            }
        }
        if (segments.isEmpty()) {
            segments.add(new Segment(new long[FrequencyTable.SYMBOLS], CONTEXTS));
        }
        merge(segments);
        segments.getLast().end = CONTEXTS;
        List<FrequencyTable> tables = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        double bits = 0;
        for (Segment segment : segments) {
            if (escapable && segment.counts[0] == 0) {
                segment.counts[0] = 1;
            }
            tables.add(FrequencyTable.fit(segment.counts));
            ends.add(segment.end);
            bits += segment.bits;
        }
        return new TableSet(tables, ends, bits);
    }

    private static void merge(List<Segment> segments) {
        List<Segment> merged = new ArrayList<>();
        for (int i = 0; i + 1 < segments.size(); i++) {
            merged.add(join(segments.get(i), segments.get(i + 1)));
        }
        while (segments.size() > 1) {
            int best = 0;
            double bestGain = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < merged.size(); i++) {
                double gain = segments.get(i).bits + segments.get(i + 1).bits - merged.get(i).bits;
                if (gain > bestGain) {
                    best = i;
                    bestGain = gain;
                }
            }
            if (bestGain < 0 && segments.size() <= MOST_TABLES) {
                return;
            }
            segments.set(best, merged.get(best));
            segments.remove(best + 1);
            merged.remove(best);
            if (best < merged.size()) {
                merged.set(best, join(segments.get(best), segments.get(best + 1)));
            }
            if (best > 0) {
                merged.set(best - 1, join(segments.get(best - 1), segments.get(best)));
            }
        }
    }

    private static Segment join(Segment a, Segment b) {
        long[] counts = a.counts.clone();
        for (int s = 0; s < counts.length; s++) {
            counts[s] += b.counts[s];
        }
        return new Segment(counts, b.end);
    }

    private static long sum(long[] counts) {
        long sum = 0;
        for (long count : counts) {
            sum += count;
        }
        return sum;
    }

    /**
     * Bits that an ideal coder spends on counted symbols, with about what a table of them takes.
     *
     * @param counts 256 counts
     * @return bits
     */
    public static double bits(long[] counts) {
        double sum = sum(counts);
        double bits = BITS_PER_TABLE;
        for (long count : counts) {
            if (count > 0) {
                bits += count * log2(sum / count) + BITS_PER_SYMBOL;
            }
        }
        return bits;
    }

    private static double log2(double x) {
        return Math.log(x) / Math.log(2);
    }
}
