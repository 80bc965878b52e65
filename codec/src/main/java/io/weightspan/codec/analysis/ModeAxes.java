package io.weightspan.codec.analysis;

import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.Eigen;
import io.weightspan.codec.basis.ModeProducts;
import io.weightspan.codec.basis.Projection;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The two sides of a matrix slot: eigenvectors of the sums of D D^T and D^T D over the fitted members, D a member's
 * difference, as {@link BasisFitter} fits them. A side longer than {@link BasisFitter#LONGEST_GRAM} is left as it is.
 */
final class ModeAxes {
    private final int rows;
    private final int columns;
    private final Side left;
    private final Side right;

    /**
     * One side.
     *
     * @param directions the directions, or null where it is left as it is
     * @param magnitudes of the coefficients along each direction: their root mean square over that of all elements
     * @param spectrum what each direction holds of the energy; null where the side is left as it is
     * @param straight of the elements of each row or column, as {@code magnitudes}, without turning
     */
    record Side(
            @Nullable Directions directions, double[] magnitudes, double @Nullable [] spectrum, double[] straight) {}

    private ModeAxes(int rows, int columns, Side left, Side right) {
        this.rows = rows;
        this.columns = columns;
        this.left = left;
        this.right = right;
    }

    static ModeAxes of(Differences differences, FamilySlot slot, int[] fitted) throws IOException {
        int rows = slot.rows();
        int columns = slot.columns();
        ModeProducts byRow = rows <= BasisFitter.LONGEST_GRAM ? new ModeProducts(rows) : null;
        ModeProducts byColumn = columns <= BasisFitter.LONGEST_GRAM ? new ModeProducts(columns) : null;
        double energy = 0;
        for (int member : fitted) {
            float[] d = differences.of(member);
            for (float x : d) {
                energy += (double) x * x;
            }
            if (byColumn != null) {
                byColumn.addColumns(d, rows);
            }
            if (byRow != null) {
                byRow.addRows(d, columns);
            }
        }
        double mean = energy / rows / columns;
        return new ModeAxes(rows, columns, side(byRow, rows, columns, mean), side(byColumn, columns, rows, mean));
    }

    private static Side side(@Nullable ModeProducts sum, int n, int others, double mean) {
        double[] ones = new double[n];
        Arrays.fill(ones, 1);
        if (sum == null) {
            return new Side(null, ones, null, ones);
        }
        double[] products = sum.products();
        Eigen eigen = Eigen.of(products, n).orElseGet(() -> Eigen.zero(n));
        float[] values = new float[n * n];
        double[] magnitudes = new double[n];
        double[] straight = new double[n];
        for (int k = 0; k < n; k++) {
            magnitudes[k] = magnitude(eigen.values()[k], others, mean);
            straight[k] = magnitude(products[k * n + k], others, mean);
            for (int i = 0; i < n; i++) {
                values[k * n + i] = (float) eigen.vectors()[k][i];
            }
        }
        // Levels serve the coder, which takes no part here.
        return new Side(new Directions(n, n, values, new byte[n]), magnitudes, eigen.shares(), straight);
    }

    private static double magnitude(double square, int others, double mean) {
        return mean > 0 ? Math.sqrt(Math.max(0, square) / others / mean) : 0;
    }

    Side left() {
        return left;
    }

    Side right() {
        return right;
    }

    /** A member's difference turned into the directions: as many coefficients as elements. */
    float[] turned(float[] d) {
        return Projection.coefficients(d, rows, columns, left.directions(), right.directions());
    }

    /** Bytes of the first directions of each side, as a basis stores them: int8, a scale of 4 bytes, a level of 1. */
    long basisBytes(int leftUsed, int rightUsed) {
        return side(left, rows, leftUsed) + side(right, columns, rightUsed);
    }

    private static long side(Side side, int length, int used) {
        return side.directions() == null ? 0 : (long) used * (length + SlotAnalyzer.DIRECTION_OVERHEAD);
    }
}
