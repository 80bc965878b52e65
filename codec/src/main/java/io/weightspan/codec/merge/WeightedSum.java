package io.weightspan.codec.merge;

import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.FloatElements;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sums of models' tensors, element by element: {@code base + sum of w_i * (m_i - base)} (task arithmetic; G. Ilharco et
 * al., "Editing models with task arithmetic", ICLR 2023), or {@code sum of w_i * m_i} without a base.
 *
 * <p>Arithmetic is IEEE binary64, never fused: each difference, product and sum is rounded by itself, terms are added
 * one by one in ascending order to a sum that begins with +0, and the result is rounded once to its dtype, to nearest
 * even. Where the sum of a base's terms is 0 the result is the base's element. Holds scratch memory; one thread at a
 * time.
 */
public final class WeightedSum {
    /** Most elements of one call. */
    public static final int RUN = 1 << 16;

    private final double[] weights;
    private final double[] center = new double[RUN];
    private final double[] member = new double[RUN];
    private final double[] sum = new double[RUN];
    private long notFinite;

    /**
     * Makes sums of these weights.
     *
     * @param weights one for each member, finite
     * @throws IllegalArgumentException if there is none, or one is not finite
     */
    public WeightedSum(List<Double> weights) {
        this.weights = weights.stream().mapToDouble(Double::doubleValue).toArray();
        if (weights.isEmpty()) {
            throw new IllegalArgumentException("no weights");
        }
        for (double weight : this.weights) {
            if (!Double.isFinite(weight)) {
                throw new IllegalArgumentException("weight " + weight);
            }
        }
    }

    /**
     * Elements of a model's tensor.
     *
     * @param dtype one that {@link FloatElements#has} arithmetic
     * @param elements their bytes
     */
    public record Run(DType dtype, MemorySegment elements) {}

    /**
     * Sums a run of elements.
     *
     * @param base the base's, or null
     * @param members one for each weight, in their order
     * @param n how many elements, at most {@link #RUN}
     * @param out receives n elements
     * @throws IllegalArgumentException if the members are not as many as the weights, or {@code n} is too large
     */
    public void add(@Nullable Run base, List<Run> members, int n, Run out) {
        if (members.size() != weights.length || n > RUN) {
            throw new IllegalArgumentException(members.size() + " members, " + n + " elements");
        }
        if (base != null) {
            FloatElements.read(base.dtype(), base.elements(), n, center);
        }
        Arrays.fill(sum, 0, n, 0);
        for (int m = 0; m < weights.length; m++) {
            FloatElements.read(members.get(m).dtype(), members.get(m).elements(), n, member);
            for (int i = 0; i < n; i++) {
                sum[i] += weights[m] * (base == null ? member[i] : member[i] - center[i]);
            }
        }
        for (int i = 0; i < n; i++) {
            if (base != null) {
                sum[i] = sum[i] == 0 ? center[i] : center[i] + sum[i];
            }
        }
        FloatElements.write(out.dtype(), sum, n, out.elements());
        FloatElements.read(out.dtype(), out.elements(), n, member);
        for (int i = 0; i < n; i++) {
            notFinite += Double.isFinite(member[i]) ? 0 : 1;
        }
    }

    /**
     * How many results were not finite, as a term was not, or the sum was too large for its dtype.
     *
     * @return of all calls
     */
    public long notFinite() {
        return notFinite;
    }
}
