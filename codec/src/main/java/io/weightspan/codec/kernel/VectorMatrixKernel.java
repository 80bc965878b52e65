package io.weightspan.codec.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sums in registers: of a tile four rows by two registers, of combined rows four registers. Methods are small, as the
 * compiler keeps vectors of large ones in memory.
 */
final class VectorMatrixKernel implements MatrixKernel {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = FLOATS.length();
    private static final int RUN = 4 * LANES;
    /** Rows that are read side by side: more than the machine fetches ahead for would come late. */
    private static final int STREAMS = 16;

    @Override
    public void combine(float[] factors, int[] rows, int count, float[] values, float[] out, int at, int n) {
        int full = n - n % RUN;
        for (int first = 0; first < count; first += STREAMS) {
            int end = Math.min(count, first + STREAMS);
            for (int j = 0; j < full; j += RUN) {
                run(factors, rows, first, end, values, j, out, at + j);
            }
        }
        for (int i = 0; full < n && i < count; i++) {
            ScalarMatrixKernel.add(factors[i], values, rows[i] + full, out, at + full, n - full);
        }
    }

    private static void run(
            float[] factors, int[] rows, int first, int end, float[] values, int j, float[] out, int at) {
        FloatVector a = FloatVector.fromArray(FLOATS, out, at);
        FloatVector b = FloatVector.fromArray(FLOATS, out, at + LANES);
        FloatVector c = FloatVector.fromArray(FLOATS, out, at + 2 * LANES);
        FloatVector d = FloatVector.fromArray(FLOATS, out, at + 3 * LANES);
        for (int i = first; i < end; i++) {
            FloatVector factor = FloatVector.broadcast(FLOATS, factors[i]);
            int from = rows[i] + j;
            a = a.add(FloatVector.fromArray(FLOATS, values, from).mul(factor));
            b = b.add(FloatVector.fromArray(FLOATS, values, from + LANES).mul(factor));
            c = c.add(FloatVector.fromArray(FLOATS, values, from + 2 * LANES).mul(factor));
            d = d.add(FloatVector.fromArray(FLOATS, values, from + 3 * LANES).mul(factor));
        }
        a.intoArray(out, at);
        b.intoArray(out, at + LANES);
        c.intoArray(out, at + 2 * LANES);
        d.intoArray(out, at + 3 * LANES);
    }

    @Override
    public void tile(
            float[] left, int leftAt, float[] panel, int panelAt, int inner, float[] out, int at, int stride) {
        for (int j = 0; j < TILE_COLUMNS; j += 2 * LANES) {
            halfTile(left, leftAt, panel, panelAt + j, inner, out, at + j, stride);
        }
    }

    private static void halfTile(
            float[] left, int leftAt, float[] panel, int panelAt, int inner, float[] out, int at, int stride) {
        int second = at + stride;
        int third = second + stride;
        int fourth = third + stride;
        FloatVector a0 = FloatVector.fromArray(FLOATS, out, at);
        FloatVector a1 = FloatVector.fromArray(FLOATS, out, at + LANES);
        FloatVector b0 = FloatVector.fromArray(FLOATS, out, second);
        FloatVector b1 = FloatVector.fromArray(FLOATS, out, second + LANES);
        FloatVector c0 = FloatVector.fromArray(FLOATS, out, third);
        FloatVector c1 = FloatVector.fromArray(FLOATS, out, third + LANES);
        FloatVector d0 = FloatVector.fromArray(FLOATS, out, fourth);
        FloatVector d1 = FloatVector.fromArray(FLOATS, out, fourth + LANES);
        for (int k = 0; k < inner; k++) {
            FloatVector p0 = FloatVector.fromArray(FLOATS, panel, panelAt + k * TILE_COLUMNS);
            FloatVector p1 = FloatVector.fromArray(FLOATS, panel, panelAt + k * TILE_COLUMNS + LANES);
            int from = leftAt + k * TILE_ROWS;
            FloatVector a = FloatVector.broadcast(FLOATS, left[from]);
            a0 = a0.add(p0.mul(a));
            a1 = a1.add(p1.mul(a));
            FloatVector b = FloatVector.broadcast(FLOATS, left[from + 1]);
            b0 = b0.add(p0.mul(b));
            b1 = b1.add(p1.mul(b));
            FloatVector c = FloatVector.broadcast(FLOATS, left[from + 2]);
            c0 = c0.add(p0.mul(c));
            c1 = c1.add(p1.mul(c));
            FloatVector d = FloatVector.broadcast(FLOATS, left[from + 3]);
            d0 = d0.add(p0.mul(d));
            d1 = d1.add(p1.mul(d));
        }
        a0.intoArray(out, at);
        a1.intoArray(out, at + LANES);
        b0.intoArray(out, second);
        b1.intoArray(out, second + LANES);
        c0.intoArray(out, third);
        c1.intoArray(out, third + LANES);
        d0.intoArray(out, fourth);
        d1.intoArray(out, fourth + LANES);
    }
}
