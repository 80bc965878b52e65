package io.weightspan.codec.kernel;

/**
 * A matrix in an array.
 *
 * @param values     holds its elements
 * @param at         index of the first
 * @param rowStep    from one row to the next
 * @param columnStep from one column to the next
 */
public record Strided(float[] values, int at, int rowStep, int columnStep) {
    /**
     * A matrix that stands row by row.
     *
     * @param values  its elements
     * @param columns its columns
     * @return the matrix
     */
    public static Strided rows(float[] values, int columns) {
        return new Strided(values, 0, columns, 1);
    }

    /**
     * The transpose of a matrix that stands row by row.
     *
     * @param values  its elements
     * @param columns its columns: the rows of what is returned
     * @return the transpose
     */
    public static Strided transposed(float[] values, int columns) {
        return new Strided(values, 0, 1, columns);
    }

    /**
     * Where an element stands.
     *
     * @param row    its row
     * @param column its column
     * @return the index
     */
    public int index(int row, int column) {
        return at + row * rowStep + column * columnStep;
    }
}
