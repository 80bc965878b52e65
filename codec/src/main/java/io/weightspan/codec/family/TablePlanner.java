package io.weightspan.codec.family;

import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.entropy.FrequencyTable;
import io.weightspan.codec.entropy.TableSetBuilder;
import io.weightspan.codec.residual.FloatFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gives every float tensor of a record a table set. Tensors with a prediction share one, as their contexts already
 * say how large a difference is to be expected; tensors without share where that takes fewer bytes than a table of
 * their own.
 *
 * <p>Not thread-safe.
 */
final class TablePlanner {
    /**
     * Sets of one residual and cut; enough for the kinds of layers that a model has, few enough to decode from
     * cache.
     */
    private static final int MOST_CLUSTERS = 16;

    private static final int SYMBOLS = FrequencyTable.SYMBOLS;
    private static final double BITS_PER_SYMBOL = 5;
    private static final double BITS_PER_TABLE = 100;
    private static final int CELLS = TableSetBuilder.CONTEXTS * SYMBOLS;

    /** Tensors that can share tables: the same symbols mean the same to them. */
    private record Cut(ResidualKind residual, int width, int mantissaBits, int keyBits) {}

    /** Tensors that do share tables. */
    private static final class Cluster {
        private final long[] counts;
        private final List<Integer> tensors = new ArrayList<>();
        private boolean sampled;

        Cluster(long[] counts) {
            this.counts = counts;
        }
    }

    private final Map<Cut, List<Cluster>> cuts = new LinkedHashMap<>();

    /**
     * Tables and who uses them.
     *
     * @param tables all tables
     * @param firstTables the first table of each set
     * @param segmentEnds the context ends of each set
     * @param sets the set of each tensor, by its index; -1 where it has none
     */
    record Tables(List<FrequencyTable> tables, List<Integer> firstTables, List<List<Integer>> segmentEnds, int[] sets) {
        /** For each of 128 contexts, the table of a set. */
        int[] contexts(int set) {
            int[] contexts = new int[TableSetBuilder.CONTEXTS];
            List<Integer> ends = segmentEnds.get(set);
            int context = 0;
            for (int k = 0; k < ends.size(); k++) {
                while (context < ends.get(k)) {
                    contexts[context++] = firstTables.get(set) + k;
                }
            }
            return contexts;
        }
    }

    /**
     * Adds a tensor's counts.
     *
     * @param index the tensor's
     * @param residual its coding, one with tables
     * @param format its cut
     * @param counts 256 counts for each of 128 contexts; kept
     * @param whole whether all elements were counted
     */
    void add(int index, ResidualKind residual, FloatFormat format, long[] counts, boolean whole) {
        Cut cut = new Cut(residual, format.width(), format.mantissaBits(), format.keyBits());
        List<Cluster> clusters = cuts.computeIfAbsent(cut, c -> new ArrayList<>());
        boolean contextual = residual == ResidualKind.DELTA || residual == ResidualKind.CELLS;
        int used = contextual ? CELLS : SYMBOLS;
        Cluster best = contextual && !clusters.isEmpty() ? clusters.getFirst() : cheapest(clusters, counts);
        if (best == null) {
            best = new Cluster(new long[CELLS]);
            clusters.add(best);
        }
        for (int i = 0; i < used; i++) {
            best.counts[i] += counts[i];
        }
        best.tensors.add(index);
        best.sampled |= !whole;
    }

    /**
     * Adds a tensor's integers; those of all tensors of a residual share a set, as their contexts say how large they
     * are.
     *
     * @param index the tensor's
     * @param residual its coding
     * @param counts 256 counts for each of 128 contexts
     */
    void addNumbers(int index, ResidualKind residual, long[] counts) {
        Cut cut = new Cut(residual, Integer.SIZE, 0, 0);
        List<Cluster> clusters = cuts.computeIfAbsent(cut, c -> new ArrayList<>(List.of(new Cluster(new long[CELLS]))));
        Cluster all = clusters.getFirst();
        for (int i = 0; i < CELLS; i++) {
            all.counts[i] += counts[i];
        }
        all.tensors.add(index);
        // A table may hold a single symbol, which the format does not: let it have the escape.
        all.sampled = true;
    }

    /** The cluster that takes the tensor's symbols at the lowest cost, or null if a table of its own costs less. */
    private static @Nullable Cluster cheapest(List<Cluster> clusters, long[] counts) {
        Cluster best = null;
        double bestCost = clusters.size() < MOST_CLUSTERS ? bits(counts, null) : Double.POSITIVE_INFINITY;
        for (Cluster cluster : clusters) {
            double cost = bits(cluster.counts, counts) - bits(cluster.counts, null);
            if (cost < bestCost) {
                best = cluster;
                bestCost = cost;
            }
        }
        return best;
    }

    /** Bits of the symbols of context 0 with their table. */
    private static double bits(long[] a, long @Nullable [] b) {
        long sum = 0;
        double own = 0;
        int cells = 0;
        for (int i = 0; i < SYMBOLS; i++) {
            long count = b == null ? a[i] : a[i] + b[i];
            if (count > 0) {
                sum += count;
                cells++;
                own += nLogN(count);
            }
        }
        return sum == 0 ? 0 : nLogN(sum) - own + cells * BITS_PER_SYMBOL + BITS_PER_TABLE;
    }

    private static double nLogN(long n) {
        return n * Math.log((double) n) / Math.log(2);
    }

    /**
     * Builds the tables of everything added.
     *
     * @param tensors number of tensors of the record
     * @return the tables
     */
    Tables build(int tensors) {
        List<FrequencyTable> tables = new ArrayList<>();
        List<Integer> firstTables = new ArrayList<>();
        List<List<Integer>> segmentEnds = new ArrayList<>();
        int[] sets = new int[tensors];
        Arrays.fill(sets, -1);
        for (List<Cluster> clusters : cuts.values()) {
            for (Cluster cluster : clusters) {
                TableSetBuilder.TableSet set = TableSetBuilder.build(cluster.counts, cluster.sampled);
                for (int tensor : cluster.tensors) {
                    sets[tensor] = firstTables.size();
                }
                firstTables.add(tables.size());
                segmentEnds.add(set.segmentEnds());
                tables.addAll(set.tables());
            }
        }
        return new Tables(tables, firstTables, segmentEnds, sets);
    }
}
