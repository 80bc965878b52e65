package io.weightspan.codec.analysis;

import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.Eigen;
import io.weightspan.codec.basis.ModeProducts;
import io.weightspan.codec.basis.RangeFinder;
import io.weightspan.codec.basis.SharedDirections;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the directions of one side of a slot, as many as it is long; of a side longer than
 * {@link BasisFitter#LONGEST_GRAM} the first {@link RangeFinder#WIDTH}, and of one longer than
 * {@link BasisFitter#LONGEST_SIDE} none. For one thread.
 */
final class SideAxes {
    private final int rows;
    private final int columns;
    private final boolean ofRows;
    private final int length;
    private final int others;
    private final @Nullable ModeProducts products;
    private final @Nullable RangeFinder finder;
    /** Sums of squares of each row's, or column's, elements. */
    private final double[] squares;

    SideAxes(int rows, int columns, boolean ofRows) {
        this.rows = rows;
        this.columns = columns;
        this.ofRows = ofRows;
        length = ofRows ? rows : columns;
        others = ofRows ? columns : rows;
        boolean isShort = length <= BasisFitter.LONGEST_GRAM;
        products = isShort ? new ModeProducts(length) : null;
        finder = isShort || length > BasisFitter.LONGEST_SIDE
                ? null
                : new RangeFinder(rows, columns, ofRows, Optional.empty());
        squares = new double[length];
    }

    /** Adds a member's difference, row by row. */
    void add(int member, float[] d) {
        for (int i = 0; i < d.length; i++) {
            squares[ofRows ? i / columns : i % columns] += (double) d[i] * d[i];
        }
        if (finder != null) {
            finder.sketch(member, d);
        } else if (products != null && ofRows) {
            products.addRows(d, columns);
        } else if (products != null) {
            products.addColumns(d, rows);
        }
    }

    /** Ends the first pass; tells whether members must be added again. */
    boolean beginSecond() {
        if (finder != null) {
            finder.orthonormalise();
        }
        return finder != null;
    }

    /** Adds a member in the second pass. */
    void addAgain(float[] d) {
        if (finder != null) {
            finder.add(d);
        }
    }

    /**
     * Ends.
     *
     * @param mean the mean of squares of all differences
     */
    ModeAxes.Side side(double mean) {
        double[] straight = new double[length];
        for (int i = 0; i < length; i++) {
            straight[i] = magnitude(squares[i], mean);
        }
        if (products != null) {
            return whole(products, mean, straight);
        }
        SharedDirections.Side found = finder == null ? null : finder.side(others, mean);
        return found == null ? asItIs(straight) : part(found, straight);
    }

    private ModeAxes.Side whole(ModeProducts sum, double mean, double[] straight) {
        Eigen eigen = Eigen.of(sum.products(), length).orElseGet(() -> Eigen.zero(length));
        double[] magnitudes = new double[length];
        for (int k = 0; k < length; k++) {
            magnitudes[k] = magnitude(eigen.values()[k], mean);
        }
        return new ModeAxes.Side(directions(eigen.vectors(), length), magnitudes, eigen.shares(), straight);
    }

    private ModeAxes.Side part(SharedDirections.Side found, double[] straight) {
        double[] magnitudes = found.magnitudes();
        // A magnitude of 1 all along the side would hold all the energy.
        double[] shares = Arrays.stream(magnitudes).map(size -> size * size / length).toArray();
        return new ModeAxes.Side(directions(found.vectors(), magnitudes.length), magnitudes, shares, straight);
    }

    private ModeAxes.Side asItIs(double[] straight) {
        double[] ones = new double[length];
        Arrays.fill(ones, 1);
        return new ModeAxes.Side(null, ones, null, straight);
    }

    private Directions directions(double[][] vectors, int count) {
        float[] values = new float[count * length];
        for (int k = 0; k < count; k++) {
            for (int i = 0; i < length; i++) {
                values[k * length + i] = (float) vectors[k][i];
            }
        }
        // Levels serve the coder, which takes no part here.
        return new Directions(count, length, values, new byte[count]);
    }

    private double magnitude(double square, double mean) {
        return mean > 0 ? Math.sqrt(Math.max(0, square) / others / mean) : 0;
    }
}
