package io.weightspan.codec.basis;

import io.weightspan.codec.kernel.MatrixPanels;
import io.weightspan.codec.kernel.MatrixProduct;
import io.weightspan.codec.kernel.Strided;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The directions of a long side in which most of the members' energy lies, without the products A of its elements with
 * each other: sums of random columns span them, about (first pass: Q), and what A makes of these tells more (second
 * pass: A Q). They are the eigenvectors of Nystrom's A Q (Q^T A Q)^-1 Q^T A (N. Halko, P. G. Martinsson, J. A. Tropp,
 * "Finding structure with randomness", SIAM Review 53, 2011, section 5.4). For one thread.
 */
public final class RangeFinder {
    /** Directions that are looked for, some of which are spare. */
    public static final int WIDTH = 128;

    /** Smaller parts of the largest eigenvalue are rounding: A Q is in binary32, and is divided by their roots. */
    private static final double LEAST_VALUE = 1e-7;

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
    /** Q^T A Q. */
    private final ModeProducts energy;
    /** A Q, in the second pass. */
    private final float[] image;
    /** Those known, as columns of a matrix like the sketch. */
    private final float[] fixed;
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
        image = new float[sketch.length];
        fixed = new float[Math.multiplyExact(length, Math.min(width, this.known))];
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
        int some = Math.min(known, width);
        for (int i = 0; i < length; i++) {
            System.arraycopy(sketch, i * width, fixed, i * some, some);
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
        multiply(d, MatrixPanels.of(Strided.rows(turned, width), others, width), ofRows, image);
    }

    /**
     * The directions, largest first.
     *
     * @param summed elements that each coefficient along them sums
     * @param mean the mean of squares of all differences
     * @return null if there are none
     */
    public SharedDirections.@Nullable Side side(int summed, double mean) {
        Optional<Eigen> inner = Eigen.of(energy.products(), width);
        int rank = inner.map(RangeFinder::rank).orElse(0);
        if (rank == 0) {
            return null;
        }
        takeOutKnown();
        float[] root = new float[Math.multiplyExact(length, rank)];
        multiplyImage(inverseRoot(inner.get(), rank), rank, root);
        ModeProducts squares = new ModeProducts(rank);
        squares.addColumns(root, length);
        Optional<Eigen> found = Eigen.of(squares.products(), rank);
        int count = found.map(RangeFinder::rank).orElse(0);
        if (count == 0) {
            return null;
        }
        Eigen eigen = found.get();
        double[][] vectors = new double[count][length];
        double[] magnitudes = new double[count];
        for (int k = 0; k < count; k++) {
            magnitudes[k] = Math.sqrt(eigen.values()[k] / summed / mean);
            double scale = 1 / Math.sqrt(eigen.values()[k]);
            for (int i = 0; i < length; i++) {
                double sum = 0;
                for (int a = 0; a < rank; a++) {
                    sum += root[i * rank + a] * eigen.vectors()[k][a];
                }
                vectors[k][i] = sum * scale;
            }
        }
        return new SharedDirections.Side(vectors, magnitudes);
    }

    /** How many eigenvalues are more than rounding. */
    private static int rank(Eigen eigen) {
        double[] values = eigen.values();
        int count = 0;
        while (count < values.length && values[count] > values[0] * LEAST_VALUE) {
            count++;
        }
        return count;
    }

    /** W L^-1/2 with the eigenvectors W and the eigenvalues L of Q^T A Q. */
    private float[] inverseRoot(Eigen eigen, int rank) {
        float[] weights = new float[width * rank];
        for (int k = 0; k < rank; k++) {
            double scale = 1 / Math.sqrt(eigen.values()[k]);
            for (int a = 0; a < width; a++) {
                weights[a * rank + k] = (float) (eigen.vectors()[k][a] * scale);
            }
        }
        return weights;
    }

    private void multiplyImage(float[] weights, int count, float[] out) {
        product.add(
                Strided.rows(image, width),
                length,
                MatrixPanels.of(Strided.rows(weights, count), width, count),
                Strided.rows(out, count));
    }

    /** Leaves of A Q what is orthogonal to the known directions K: A Q - K K^T A Q. */
    private void takeOutKnown() {
        int some = Math.min(known, width);
        if (some == 0) {
            return;
        }
        float[] along = new float[some * width];
        product.add(
                Strided.transposed(fixed, some),
                some,
                MatrixPanels.of(Strided.rows(image, width), length, width),
                Strided.rows(along, width));
        for (int at = 0; at < along.length; at++) {
            along[at] = -along[at];
        }
        product.add(
                Strided.rows(fixed, some),
                length,
                MatrixPanels.of(Strided.rows(along, width), some, width),
                Strided.rows(image, width));
    }
}
