package io.weightspan.codec.basis;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Fits the directions of one side of a slot, by the products of all its elements where it is short, else by a
 * {@link RangeFinder}, which needs each member twice; a side too long for that has none. For one thread.
 */
final class SideFitter {
    private final int rows;
    private final int columns;
    private final boolean ofRows;
    private final Optional<Directions> known;
    private final @Nullable ModeProducts products;
    private final @Nullable RangeFinder finder;
    private boolean isSecond;

    SideFitter(int rows, int columns, boolean ofRows, Optional<Directions> known) {
        this.rows = rows;
        this.columns = columns;
        this.ofRows = ofRows;
        this.known = known;
        int length = ofRows ? rows : columns;
        boolean isShort = length <= BasisFitter.LONGEST_GRAM;
        products = isShort ? new ModeProducts(length) : null;
        finder = isShort || length > BasisFitter.LONGEST_SIDE ? null : new RangeFinder(rows, columns, ofRows, known);
    }

    /** Whether members must be added a second time. */
    boolean needsSecond() {
        return finder != null;
    }

    void beginSecond() {
        isSecond = true;
        if (finder != null) {
            finder.orthonormalise();
        }
    }

    /**
     * Adds a member.
     *
     * @param member its number
     * @param d its difference, row by row, finite
     */
    void add(int member, float[] d) {
        if (finder != null && isSecond) {
            finder.add(d);
        } else if (finder != null) {
            finder.sketch(member, d);
        } else if (products != null && !isSecond) {
            if (ofRows) {
                products.addRows(d, columns);
            } else {
                products.addColumns(d, rows);
            }
        }
    }

    /**
     * The directions, largest first.
     *
     * @param mean the mean of squares of all differences
     * @return null if there are none
     */
    SharedDirections.@Nullable Side side(double mean) {
        int others = ofRows ? columns : rows;
        if (finder != null) {
            return finder.side(others, mean);
        }
        return products == null ? null : products.side(known, others, mean);
    }
}
