package io.weightspan.codec.kernel;

/** One product after the other. */
final class ScalarMatrixKernel implements MatrixKernel {
    @Override
    public void combine(float[] factors, int[] rows, int count, float[] values, float[] out, int at, int n) {
        for (int i = 0; i < count; i++) {
            add(factors[i], values, rows[i], out, at, n);
        }
    }

    @Override
    public void tile(
            float[] left, int leftAt, float[] panel, int panelAt, int inner, float[] out, int at, int stride) {
        for (int k = 0; k < inner; k++) {
            for (int row = 0; row < TILE_ROWS; row++) {
                float factor = left[leftAt + k * TILE_ROWS + row];
                add(factor, panel, panelAt + k * TILE_COLUMNS, out, at + row * stride, TILE_COLUMNS);
            }
        }
    }

    /** Also for the ends of rows that fill no vector. */
    static void add(float factor, float[] from, int fromAt, float[] to, int toAt, int n) {
        for (int j = 0; j < n; j++) {
            to[toAt + j] += factor * from[fromAt + j];
        }
    }
}
