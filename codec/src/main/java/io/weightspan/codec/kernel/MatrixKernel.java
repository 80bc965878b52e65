package io.weightspan.codec.kernel;

/**
 * Sums of products in binary32: the products are added in ascending order to what is there, each product and each sum
 * rounded, never fused ({@code encodings/modes.md}). As nothing but the order within one element matters, vectors run
 * across elements, and a sum may be taken in several calls.
 *
 * <p>Every implementation gives identical results for every input. Stateless and thread-safe.
 */
public interface MatrixKernel {
    /** Rows of a tile. */
    int TILE_ROWS = 4;

    /** Columns of a tile: two of the widest registers. */
    int TILE_COLUMNS = 32;

    /**
     * Adds multiples of rows: {@code out[at + j] += sum over i of factors[i] * values[rows[i] + j]}.
     *
     * @param factors at least {@code count} of them
     * @param rows    for each where its row begins in the values
     * @param count   how many, at least 0
     * @param values  the rows
     * @param out     receives the sums; another array than the values
     * @param at      where they begin
     * @param n       elements of a row that are added, at least 0
     */
    void combine(float[] factors, int[] rows, int count, float[] values, float[] out, int at, int n);

    /**
     * Adds the product of a thin matrix and a panel to a tile of {@link #TILE_ROWS} rows and {@link #TILE_COLUMNS}
     * columns.
     *
     * @param left    for each inner index the values of a tile's rows
     * @param leftAt  where they begin
     * @param panel   for each inner index the values of a tile's columns
     * @param panelAt where they begin
     * @param inner   how many products each sum has, at least 0
     * @param out     receives the sums
     * @param at      the first row of the tile
     * @param stride  from one row of the tile to the next
     */
    void tile(float[] left, int leftAt, float[] panel, int panelAt, int inner, float[] out, int at, int stride);
}
