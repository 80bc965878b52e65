package io.weightspan.codec.family;

import io.weightspan.codec.residual.CellContexts;
import io.weightspan.codec.residual.ElementScales;
import io.weightspan.codec.residual.FloatBlockDecoder;
import io.weightspan.codec.residual.FloatFormat;
import io.weightspan.codec.residual.Reals;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Measures how large a tensor's elements, or their differences from a prediction, are: over the whole tensor, by
 * row and by column.
 *
 * <p>Sizes are mean magnitudes, which a few outliers do not govern. One thread at a time.
 */
final class ScaleFitter {
    /** Rows and columns beyond this are not worth their sums' memory. */
    private static final long MOST_LINES = 1 << 21;

    /** Elements that tell a row's or column's size well enough; its scale is in quarters of an octave. */
    private static final int LINE_SAMPLE = 256;

    /** Of a large tensor this part of the elements is measured. */
    private static final int MOST_STRIPES = 8;

    /** Shorter lines cannot pay for a scale of their own. */
    private static final long SHORTEST_LINE = 8;

    private final Scratch scratch;
    private final Reals reals = new Reals();
    private final float[] values = new float[FloatBlockDecoder.BLOCK];
    private final float[] predicted = new float[FloatBlockDecoder.BLOCK];

    ScaleFitter(Scratch scratch) {
        this.scratch = scratch;
    }

    /** Means of magnitudes; rows and columns are null where they were not asked for or are too short. */
    record Sizes(double mean, double @Nullable [] rows, double @Nullable [] columns) {}

    /** The scale of the whole tensor alone, from some runs. */
    int uniform(FloatFormat format, ElementSource tensor, @Nullable ElementSource source, List<RunSampler.Run> runs)
            throws IOException {
        double sum = 0;
        for (RunSampler.Run run : runs) {
            load(format.dtype(), tensor, source, run);
            for (int i = 0; i < run.n(); i++) {
                sum += values[i];
            }
        }
        return key(format, sum / RunSampler.total(runs));
    }

    /** A scale of the residual {@code cells} to begin with, from some runs. */
    int beyondCells(ElementSource tensor, Sums sums, List<RunSampler.Run> runs) throws IOException {
        RunSampler.Run largest = runs.getFirst();
        for (RunSampler.Run run : runs) {
            largest = run.n() > largest.n() ? run : largest;
        }
        DType dtype = tensor.tensor().dtype();
        int n = largest.n();
        reals.read(dtype, tensor.read(largest.first(), scratch.elements((long) n * tensor.width())), n, values);
        sums.read(largest.first(), n, predicted);
        return CellContexts.scale(dtype, predicted, values, n);
    }

    private static int key(FloatFormat format, double mean) {
        return mean > 0 ? Math.clamp(format.keyOf(mean), -65_536, 65_536) : 0;
    }

    /** Magnitudes of a run's elements or differences into {@link #values}. */
    private void load(DType dtype, ElementSource tensor, @Nullable ElementSource source, RunSampler.Run run)
            throws IOException {
        int n = run.n();
        MemorySegment elements = tensor.read(run.first(), scratch.elements((long) n * tensor.width()));
        reals.read(dtype, elements, n, values);
        if (source == null) {
            for (int i = 0; i < n; i++) {
                values[i] = Math.abs(values[i]);
            }
        } else {
            MemorySegment other = source.read(run.first(), scratch.predicted((long) n * source.width()));
            reals.read(source.tensor().dtype(), other, n, predicted);
            for (int i = 0; i < n; i++) {
                float difference = Math.abs(values[i] - predicted[i]);
                values[i] = difference <= Float.MAX_VALUE ? difference : 0;
            }
        }
    }

    /** Whether a tensor of this shape can have row or column scales. */
    static boolean hasLines(TensorInfo tensor) {
        return tensor.shape().size() >= 2 && tensor.elementCount() >= 1_024;
    }

    /** Sizes by row (first dimension) and column (the others), over the whole tensor or, of a large one, a part. */
    Sizes lines(FloatFormat format, ElementSource tensor, @Nullable ElementSource source) throws IOException {
        long rowCount = tensor.tensor().rows(1);
        long columnCount = tensor.tensor().columns(1);
        double[] rows = rowCount <= MOST_LINES && columnCount >= SHORTEST_LINE ? new double[(int) rowCount] : null;
        double[] columns =
                columnCount <= MOST_LINES && rowCount >= SHORTEST_LINE ? new double[(int) columnCount] : null;
        long stripes = Math.min(MOST_STRIPES, Math.min(rowCount, columnCount) / LINE_SAMPLE);
        if (rows != null && columns != null && stripes > 1) {
            return stripes(format, tensor, source, rows, columns, (int) stripes);
        }
        double total = 0;
        for (RunSampler.Run run : RunSampler.all(tensor.tensor().elementCount())) {
            load(format.dtype(), tensor, source, run);
            total += sums(run, columnCount, rows, columns);
        }
        scaleDown(rows, columnCount);
        scaleDown(columns, rowCount);
        return new Sizes(total / tensor.tensor().elementCount(), rows, columns);
    }

    /** Sizes from one stripe of columns a row, row after row the next one. */
    private Sizes stripes(
            FloatFormat format,
            ElementSource tensor,
            @Nullable ElementSource source,
            double[] rows,
            double[] columns,
            int stripes)
            throws IOException {
        int width = Math.ceilDiv(columns.length, stripes);
        double total = 0;
        for (int row = 0; row < rows.length; row++) {
            int first = row % stripes * width;
            int n = Math.min(width, columns.length - first);
            load(format.dtype(), tensor, source, new RunSampler.Run((long) row * columns.length + first, n));
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += values[i];
                columns[first + i] += values[i];
            }
            rows[row] = sum / n;
            total += rows[row];
        }
        for (int column = 0; column < columns.length; column++) {
            int stripe = column / width;
            columns[column] /= rows.length / stripes + (stripe < rows.length % stripes ? 1 : 0);
        }
        return new Sizes(total / rows.length, rows, columns);
    }

    private double sums(
            RunSampler.Run run, long columnCount, double @Nullable [] rows, double @Nullable [] columns) {
        double total = 0;
        long row = run.first() / columnCount;
        int column = (int) Math.min(run.first() % columnCount, Integer.MAX_VALUE);
        int at = 0;
        while (at < run.n()) {
            int length = (int) Math.min(columnCount - column, run.n() - at);
            double sum = 0;
            for (int i = 0; i < length; i++) {
                sum += values[at + i];
            }
            if (columns != null) {
                for (int i = 0; i < length; i++) {
                    columns[column + i] += values[at + i];
                }
            }
            if (rows != null) {
                rows[(int) row] += sum;
            }
            total += sum;
            at += length;
            row++;
            column = 0;
        }
        return total;
    }

    private static void scaleDown(double @Nullable [] sums, long count) {
        if (sums != null) {
            for (int i = 0; i < sums.length; i++) {
                sums[i] /= count;
            }
        }
    }

    /** Scales that follow the measured rows, columns, both or neither. */
    static ElementScales scales(FloatFormat format, Sizes sizes, long columnCount, boolean byRow, boolean byColumn) {
        return new ElementScales(
                key(format, sizes.mean()),
                columnCount,
                byRow ? relative(format, sizes.rows(), sizes.mean()) : null,
                byColumn ? relative(format, sizes.columns(), sizes.mean()) : null);
    }

    private static byte @Nullable [] relative(FloatFormat format, double @Nullable [] sizes, double mean) {
        if (sizes == null) {
            return null;
        }
        byte[] scales = new byte[sizes.length];
        double unit = 1 << format.keyBits();
        for (int i = 0; i < sizes.length; i++) {
            double octaves = sizes[i] > 0 && mean > 0 ? Math.log(sizes[i] / mean) / Math.log(2) : 0;
            scales[i] = (byte) Math.clamp(Math.round(octaves * unit), Byte.MIN_VALUE, Byte.MAX_VALUE);
        }
        return scales;
    }

    /** About the stored bits of a scale array: its entropy and a little for the compressor's table. */
    static double bits(byte @Nullable [] scales) {
        if (scales == null || scales.length == 0) {
            return 0;
        }
        int[] counts = new int[256];
        for (byte scale : scales) {
            counts[scale & 0xFF]++;
        }
        double bits = 0;
        for (int count : counts) {
            if (count > 0) {
                bits += count * Math.log((double) scales.length / count) / Math.log(2);
            }
        }
        return bits * 1.05 + 0.1 * scales.length + 24;
    }
}
