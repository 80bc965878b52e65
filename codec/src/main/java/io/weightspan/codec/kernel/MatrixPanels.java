package io.weightspan.codec.kernel;

/**
 * A matrix cut into panels of {@link MatrixKernel#TILE_COLUMNS} columns, each row by row in one piece, the last one
 * filled with zeros: the order in which {@link MatrixProduct} reads its right factor. Not thread-safe while it is
 * filled.
 */
public final class MatrixPanels {
    private static final int WIDTH = MatrixKernel.TILE_COLUMNS;

    private final int rows;
    private final int columns;
    private final float[] values;

    /**
     * Makes a matrix of zeros.
     *
     * @param rows    at least 0
     * @param columns at least 0
     * @throws ArithmeticException if an array doesn't hold it
     */
    public MatrixPanels(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
        values = new float[Math.multiplyExact(Math.multiplyExact(rows, WIDTH), Math.ceilDiv(columns, WIDTH))];
    }

    /**
     * Copies a matrix.
     *
     * @param matrix  the matrix
     * @param rows    its rows, at least 0
     * @param columns its columns, at least 0
     * @return the panels
     * @throws ArithmeticException if an array doesn't hold them
     */
    public static MatrixPanels of(Strided matrix, int rows, int columns) {
        MatrixPanels panels = new MatrixPanels(rows, columns);
        panels.fill(matrix);
        return panels;
    }

    /**
     * Copies a matrix of the same size over this one.
     *
     * @param matrix the matrix
     */
    public void fill(Strided matrix) {
        for (int panel = 0; panel < count(); panel++) {
            int from = panel * WIDTH;
            int width = Math.min(WIDTH, columns - from);
            for (int i = 0; i < rows; i++) {
                int source = matrix.index(i, from);
                int to = at(panel, i);
                if (matrix.columnStep() == 1) {
                    System.arraycopy(matrix.values(), source, values, to, width);
                } else {
                    for (int j = 0; j < width; j++) {
                        values[to + j] = matrix.values()[source + j * matrix.columnStep()];
                    }
                }
            }
        }
    }

    /**
     * Replaces a row.
     *
     * @param row  which
     * @param from an array that begins with its columns
     */
    public void setRow(int row, float[] from) {
        for (int panel = 0; panel < count(); panel++) {
            System.arraycopy(from, panel * WIDTH, values, at(panel, row), Math.min(WIDTH, columns - panel * WIDTH));
        }
    }

    /**
     * Rows.
     *
     * @return at least 0
     */
    public int rows() {
        return rows;
    }

    /**
     * Columns.
     *
     * @return at least 0
     */
    public int columns() {
        return columns;
    }

    /**
     * Bytes that this takes in memory.
     *
     * @return at least 0
     */
    public long memory() {
        return (long) values.length * Float.BYTES;
    }

    int count() {
        return Math.ceilDiv(columns, WIDTH);
    }

    /** Where a row of a panel begins. */
    int at(int panel, int row) {
        return (panel * rows + row) * WIDTH;
    }

    float[] values() {
        return values;
    }
}
