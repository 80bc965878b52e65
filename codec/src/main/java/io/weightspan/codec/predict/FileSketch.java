package io.weightspan.codec.predict;

import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A small sample of every float tensor of a file, so that likely siblings are found without reading whole files
 * against each other.
 *
 * <p>The sample of a tensor is 64 elements in four runs, whose places depend on the tensor's size alone. Comparing
 * two sketches costs 64 subtractions a tensor. Immutable and thread-safe.
 */
public final class FileSketch {
    private static final int RUNS = 4;
    private static final int RUN = 16;
    private static final int SAMPLES = RUNS * RUN;

    /** A symbol's sign and the choice among its neighbours take about this many bits besides the difference's own. */
    private static final double OVERHEAD_BITS = 1.0;

    /** Savings below this part of a file are noise of so small a sample. */
    private static final double LEAST_SAVING = 0.01;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Map<String, Sample> samples;
    private final double bits;

    /** Ordered integers of sampled elements, zero bits below the dtype's included. */
    private record Sample(DType dtype, long elements, long[] ordered) {
        /** A sampled element of F32, F16 or BF16. */
        double value(int i) {
            long magnitude = ordered[i] >= 0 ? ordered[i] : -1 - ordered[i];
            float value = switch (dtype) {
                case F32 -> Float.intBitsToFloat((int) magnitude);
                case BF16 -> Float.intBitsToFloat((int) magnitude << 16);
                default -> Float.float16ToFloat((short) magnitude);
            };
            return ordered[i] >= 0 ? value : -value;
        }
    }

    private FileSketch(Map<String, Sample> samples) {
        this.samples = samples;
        double sum = 0;
        for (Sample sample : samples.values()) {
            sum += (double) sample.elements() * sample.dtype().bits();
        }
        bits = sum;
    }

    /**
     * Samples a file.
     *
     * @param file a file with tensors
     * @return its sketch
     * @throws IOException if the file cannot be read
     */
    public static FileSketch of(DecodedFile file) throws IOException {
        Map<String, Sample> samples = new HashMap<>();
        for (TensorInfo tensor : file.tensors()) {
            if (tensor.dtype().hasFloatCoding() && tensor.elementCount() >= SAMPLES) {
                samples.put(tensor.name(), sample(file, tensor));
            }
        }
        return new FileSketch(samples);
    }

    private static Sample sample(DecodedFile file, TensorInfo tensor) throws IOException {
        int width = tensor.dtype().bits() / Byte.SIZE;
        long[] ordered = new long[SAMPLES];
        MemorySegment run = MemorySegment.ofArray(new byte[RUN * width]);
        for (int r = 0; r < RUNS; r++) {
            long first = tensor.elementCount() * (2 * r + 1) / (2 * RUNS) - RUN / 2;
            file.read(file.schemaLength() + tensor.begin() + first * width, run);
            for (int i = 0; i < RUN; i++) {
                ordered[r * RUN + i] = ordered(element(run, i, width), tensor.dtype().bits());
            }
        }
        return new Sample(tensor.dtype(), tensor.elementCount(), ordered);
    }

    private static long element(MemorySegment run, int i, int width) {
        return switch (width) {
            case 1 -> run.get(ValueLayout.JAVA_BYTE, i) & 0xFFL;
            case 2 -> run.get(SHORT, 2L * i) & 0xFFFFL;
            case 4 -> run.get(INT, 4L * i) & 0xFFFF_FFFFL;
            default -> run.get(LONG, 8L * i);
        };
    }

    private static long ordered(long u, int bits) {
        long magnitude = u & (1L << bits - 1) - 1;
        return u >>> bits - 1 == 0 ? magnitude : -1 - magnitude;
    }

    /**
     * Estimates what another file would save as a sibling.
     *
     * @param other the other file
     * @param base the base that both could have instead, or null
     * @return the part of this file's bits that the sibling saves, 0 to 1
     */
    public double saving(FileSketch other, @Nullable FileSketch base) {
        double saved = 0;
        for (Map.Entry<String, Sample> entry : samples.entrySet()) {
            Sample own = entry.getValue();
            Sample theirs = other.samples.get(entry.getKey());
            if (matches(own, theirs)) {
                Sample bases = base == null ? null : base.samples.get(entry.getKey());
                double alone = own.dtype().mantissaBits() + 3.0;
                if (matches(own, bases)) {
                    alone = Math.min(alone, difference(own, bases));
                }
                saved += Math.max(0, alone - difference(own, theirs)) * own.elements();
            }
        }
        return bits == 0 ? 0 : saved / bits;
    }

    /**
     * Tells how alike two files' differences from their base are, by their samples.
     *
     * @param other the other file
     * @param base the base of both, or null: the files themselves are compared then
     * @return the cosine between the differences, -1 to 1; 0 where one has none, or one that is not finite
     */
    public double cosine(FileSketch other, @Nullable FileSketch base) {
        double both = 0;
        double own = 0;
        double theirs = 0;
        for (Map.Entry<String, Sample> entry : samples.entrySet()) {
            Sample mine = entry.getValue();
            Sample its = other.samples.get(entry.getKey());
            Sample bases = base == null ? null : base.samples.get(entry.getKey());
            boolean isBased = base == null || matches(mine, bases);
            if (its == null || !mine.dtype().isReal() || !matches(mine, its) || !isBased) {
                continue;
            }
            double weight = (double) mine.elements() / SAMPLES;
            for (int i = 0; i < SAMPLES; i++) {
                double from = bases == null ? 0 : bases.value(i);
                double x = mine.value(i) - from;
                double y = its.value(i) - from;
                both += weight * x * y;
                own += weight * x * x;
                theirs += weight * y * y;
            }
        }
        double norms = Math.sqrt(own) * Math.sqrt(theirs);
        return norms > 0 && norms <= Double.MAX_VALUE ? both / norms : 0;
    }

    @org.jspecify.annotations.NullUnmarked
    private static boolean matches(Sample a, Sample b) {
        return b != null && a.dtype() == b.dtype() && a.elements() == b.elements();
    }

    /** Mean bits of the samples' ordered differences. */
    @org.jspecify.annotations.NullUnmarked
    private static double difference(Sample a, Sample b) {
        double sum = 0;
        int different = 0;
        for (int i = 0; i < SAMPLES; i++) {
            long d = Math.abs(a.ordered()[i] - b.ordered()[i]);
            different += d != 0 ? 1 : 0;
            sum += 64 - Long.numberOfLeadingZeros(d);
        }
        return (sum + OVERHEAD_BITS * different) / SAMPLES;
    }

    /**
     * Picks the most promising siblings of this file.
     *
     * @param pool sketches of files that may be siblings
     * @param base the base that all could have instead, or null
     * @param most how many to return at most
     * @return indices into {@code pool}, the best first; only those that promise to save at least 1 % of the file
     */
    public List<Integer> siblings(List<FileSketch> pool, @Nullable FileSketch base, int most) {
        record Scored(int index, double saving) {}
        List<Scored> scored = new ArrayList<>();
        for (int i = 0; i < pool.size(); i++) {
            double saving = saving(pool.get(i), base);
            if (saving >= LEAST_SAVING) {
                scored.add(new Scored(i, saving));
            }
        }
        scored.sort(Comparator.comparingDouble(Scored::saving).reversed());
        return scored.stream().limit(most).map(Scored::index).toList();
    }
}
