package io.weightspan.codec.kernel;

import java.util.Arrays;

/**
 * Products of matrices, cut so that what a {@link MatrixKernel} reads again and again stays in the caches (K. Goto, R.
 * A. van de Geijn, "Anatomy of high-performance matrix multiplication", ACM Trans. Math. Softw. 34, 2008). Sums are
 * those of the kernel, whatever the cut. For one thread.
 */
public final class MatrixProduct {
    /** Inner indices at a time: a panel of them fits the first cache. */
    private static final int INNER = 256;

    /** Rows at a time: with as many inner indices they fit the second cache. */
    private static final int ROWS = 64;

    private static final int TILE_ROWS = MatrixKernel.TILE_ROWS;
    private static final int TILE_COLUMNS = MatrixKernel.TILE_COLUMNS;

    private final MatrixKernel kernel;
    private final float[] packed = new float[ROWS * INNER];
    private final float[] edge = new float[TILE_ROWS * TILE_COLUMNS];

    /** Multiplies with the kernel that was chosen for this machine. */
    public MatrixProduct() {
        this(Kernels.matrices());
    }

    MatrixProduct(MatrixKernel kernel) {
        this.kernel = kernel;
    }

    /**
     * Adds a product: {@code out += left * right}.
     *
     * @param left  the left factor, with as many columns as the right one has rows
     * @param rows  its rows, at least 0
     * @param right the right factor
     * @param out   receives as many rows and columns; columns must follow each other
     */
    public void add(Strided left, int rows, MatrixPanels right, Strided out) {
        add(left, rows, right, 0, right.columns(), out);
    }

    /**
     * Adds some columns of a product.
     *
     * @param left  the left factor, with as many columns as the right one has rows
     * @param rows  its rows, at least 0
     * @param right the right factor
     * @param from  the first column
     * @param to    behind the last one
     * @param out   receives the columns, the right factor's first one at its first; columns must follow each other.
     *              Columns within {@link MatrixKernel#TILE_COLUMNS} of those wanted may be added to as well.
     * @throws IllegalArgumentException if columns of the result don't follow each other
     */
    public void add(Strided left, int rows, MatrixPanels right, int from, int to, Strided out) {
        if (out.columnStep() != 1) {
            throw new IllegalArgumentException("columns " + out.columnStep() + " apart");
        }
        for (int inner = 0; inner < right.rows(); inner += INNER) {
            int depth = Math.min(INNER, right.rows() - inner);
            for (int row = 0; row < rows; row += ROWS) {
                int height = Math.min(ROWS, rows - row);
                pack(left, row, height, inner, depth);
                for (int panel = from / TILE_COLUMNS; panel * TILE_COLUMNS < to; panel++) {
                    column(right, panel, inner, depth, row, height, out);
                }
            }
        }
    }

    /** The left factor in the order in which tiles read it; rows beyond the last are 0. */
    private void pack(Strided left, int row, int height, int inner, int depth) {
        if (height % TILE_ROWS != 0) {
            Arrays.fill(packed, 0);
        }
        if (left.rowStep() == 1) {
            // Along memory: a long step between columns would miss the caches for every element.
            for (int k = 0; k < depth; k++) {
                int from = left.index(row, inner + k);
                for (int i = 0; i < height; i++) {
                    packed[at(i) + k * TILE_ROWS] = left.values()[from + i];
                }
            }
            return;
        }
        for (int i = 0; i < height; i++) {
            int at = at(i);
            int from = left.index(row + i, inner);
            for (int k = 0; k < depth; k++) {
                packed[at + k * TILE_ROWS] = left.values()[from + k * left.columnStep()];
            }
        }
    }

    /** Where a row begins in the packed factor. */
    private static int at(int row) {
        return row / TILE_ROWS * TILE_ROWS * INNER + row % TILE_ROWS;
    }

    private void column(
            MatrixPanels right, int panel, int inner, int depth, int row, int height, Strided out) {
        int width = Math.min(TILE_COLUMNS, right.columns() - panel * TILE_COLUMNS);
        int from = right.at(panel, inner);
        for (int i = 0; i < height; i += TILE_ROWS) {
            int at = out.index(row + i, panel * TILE_COLUMNS);
            int tall = Math.min(TILE_ROWS, height - i);
            if (width == TILE_COLUMNS && tall == TILE_ROWS) {
                kernel.tile(packed, i * INNER, right.values(), from, depth, out.values(), at, out.rowStep());
                continue;
            }
            for (int r = 0; r < tall; r++) {
                System.arraycopy(out.values(), at + r * out.rowStep(), edge, r * TILE_COLUMNS, width);
            }
            kernel.tile(packed, i * INNER, right.values(), from, depth, edge, 0, TILE_COLUMNS);
            for (int r = 0; r < tall; r++) {
                System.arraycopy(edge, r * TILE_COLUMNS, out.values(), at + r * out.rowStep(), width);
            }
        }
    }
}
