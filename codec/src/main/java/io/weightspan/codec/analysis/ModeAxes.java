package io.weightspan.codec.analysis;

import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.Projection;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The two sides of a matrix slot: eigenvectors of the sums of D D^T and D^T D over the fitted members, D a member's
 * difference, as {@link BasisFitter} fits them. Of a long side only those are found along which most of the energy
 * lies.
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
        SideAxes byRow = new SideAxes(rows, columns, true);
        SideAxes byColumn = new SideAxes(rows, columns, false);
        double energy = 0;
        for (int member : fitted) {
            float[] d = differences.of(member);
            for (float x : d) {
                energy += (double) x * x;
            }
            byColumn.add(member, d);
            byRow.add(member, d);
        }
        boolean rowsAgain = byRow.beginSecond();
        boolean columnsAgain = byColumn.beginSecond();
        if (rowsAgain || columnsAgain) {
            for (int member : fitted) {
                float[] d = differences.of(member);
                byColumn.addAgain(d);
                byRow.addAgain(d);
            }
        }
        double mean = energy / rows / columns;
        return new ModeAxes(rows, columns, byRow.side(mean), byColumn.side(mean));
    }

    Side left() {
        return left;
    }

    Side right() {
        return right;
    }

    /** A member's difference turned into the directions: a coefficient for each two directions. */
    float[] turned(float[] d) {
        return Projection.coefficients(d, rows, columns, left.directions(), right.directions());
    }

    /** How many elements a difference has beyond its coefficients: 0 where both sides have all their directions. */
    long outside() {
        return (long) rows * columns - (long) left.magnitudes().length * right.magnitudes().length;
    }

    /**
     * The energy that coefficients leave out of a difference.
     *
     * @param turned the coefficients
     * @param square the sum of squares of the difference
     */
    double outside(float[] turned, double square) {
        if (outside() == 0) {
            return 0;
        }
        double inside = 0;
        for (float c : turned) {
            inside += (double) c * c;
        }
        return Math.max(0, square - inside);
    }

    /** Bytes of the first directions of each side, as a basis stores them: int8, a scale of 4 bytes, a level of 1. */
    long basisBytes(int leftUsed, int rightUsed) {
        return bytes(left, rows, leftUsed) + bytes(right, columns, rightUsed);
    }

    private static long bytes(Side side, int length, int used) {
        return side.directions() == null ? 0 : (long) used * (length + SlotAnalyzer.DIRECTION_OVERHEAD);
    }
}
