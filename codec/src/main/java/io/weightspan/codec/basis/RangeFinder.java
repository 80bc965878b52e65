package io.weightspan.codec.basis;

import io.weightspan.codec.kernel.MatrixPanels;
import io.weightspan.codec.kernel.MatrixProduct;
import io.weightspan.codec.kernel.Strided;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The directions of a long side in which most of the members' energy lies, without the products of its elements with
 * each other: sums of random columns span them (first pass), the energy in the span orders them (second pass; N. Halko,
 * P. G. Martinsson, J. A. Tropp, "Finding structure with randomness", SIAM Review 53, 2011). For one thread.
 */
public final class RangeFinder {
    /** Directions that are looked for, some of which are spare. */
    public static final int WIDTH = 128;

    private final int rows;
    private final int columns;
    private final boolean ofRows;
    private final int length;
    private final int others;
    /** Those known already; none of what is found lies in them. */
    private final int known;
    private final int width;
    /** Rows of the side, each with the numbers of all directions. */
    private final float[] sketch;
    private final MatrixProduct product = new MatrixProduct();
    private final ModeProducts energy;
    private @Nullable MatrixPanels panels;

    /**
     * Begins the first pass.
     *
     * @param rows    m
     * @param columns n
     * @param ofRows  whether directions of length m are wanted, else of length n
     * @param known   directions that they are to be orthogonal to
     */
    public RangeFinder(int rows, int columns, boolean ofRows, Optional<Directions> known) {
        this.rows = rows;
        this.columns = columns;
        this.ofRows = ofRows;
        length = ofRows ? rows : columns;
        others = ofRows ? columns : rows;
        this.known = known.map(Directions::count).orElse(0);
        width = Math.min(length, this.known + WIDTH);
        sketch = new float[Math.multiplyExact(length, width)];
        energy = new ModeProducts(width);
        known.ifPresent(this::begin);
    }

    private void begin(Directions directions) {
        for (int k = 0; k < Math.min(width, directions.count()); k++) {
            for (int i = 0; i < length; i++) {
                sketch[i * width + k] = directions.values()[k * length + i];
            }
        }
    }

    /**
     * Adds a member in the first pass.
     *
     * @param member its number, which seeds the random signs
     * @param d      its difference, row by row, finite
     */
    public void sketch(int member, float[] d) {
        SplittableRandom random = new SplittableRandom(member);
        float[] signs = new float[others * width];
        for (int i = 0; i < others; i++) {
            for (int k = Math.min(known, width); k < width; k++) {
                signs[i * width + k] = random.nextBoolean() ? 1 : -1;
            }
        }
        multiply(d, MatrixPanels.of(Strided.rows(signs, width), others, width), ofRows, sketch);
    }

    /** D P, or D^T P. */
    private void multiply(float[] d, MatrixPanels right, boolean byRows, float[] out) {
        Strided left = byRows ? Strided.rows(d, columns) : Strided.transposed(d, columns);
        product.add(left, byRows ? rows : columns, right, Strided.rows(out, width));
    }

    /** Ends the first pass and begins the second. */
    public void orthonormalise() {
        Orthonormal.columns(sketch, length, width);
        for (int i = 0; i < length; i++) {
            Arrays.fill(sketch, i * width, i * width + Math.min(known, width), 0);
        }
        panels = MatrixPanels.of(Strided.rows(sketch, width), length, width);
    }

    /**
     * Adds a member in the second pass.
     *
     * @param d its difference, row by row, finite
     * @throws IllegalStateException in the first pass
     */
    public void add(float[] d) {
        if (panels == null) {
            throw new IllegalStateException("first pass");
        }
        float[] turned = new float[others * width];
        multiply(d, panels, !ofRows, turned);
        energy.addColumns(turned, others);
    }

    /**
     * The directions, largest first.
     *
     * @param summed elements that each coefficient along them sums
     * @param mean the mean of squares of all differences
     * @return null if there are none
     */
    public SharedDirections.@Nullable Side side(int summed, double mean) {
        Optional<Eigen> found = Eigen.of(energy.products(), width);
        if (found.isEmpty()) {
            return null;
        }
        Eigen eigen = found.get();
        int count = 0;
        while (count < width && eigen.values()[count] > eigen.values()[0] * 1e-9) {
            count++;
        }
        if (count == 0) {
            return null;
        }
        float[] weights = new float[width * count];
        double[] magnitudes = new double[count];
        for (int k = 0; k < count; k++) {
            magnitudes[k] = Math.sqrt(eigen.values()[k] / summed / mean);
            for (int a = 0; a < width; a++) {
                weights[a * count + k] = (float) eigen.vectors()[k][a];
            }
        }
        float[] turned = new float[length * count];
        product.add(
                Strided.rows(sketch, width),
                length,
                MatrixPanels.of(Strided.rows(weights, count), width, count),
                Strided.rows(turned, count));
        double[][] vectors = new double[count][length];
        for (int i = 0; i < length; i++) {
            for (int k = 0; k < count; k++) {
                vectors[k][i] = turned[i * count + k];
            }
        }
        return new SharedDirections.Side(vectors, magnitudes);
    }
}
