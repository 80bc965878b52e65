package io.weightspan.codec.basis;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One of the two tensors of a product ({@code encodings/product.md}), made element by element. Thread-safe. */
public final class ProductFactor implements MatrixElements {
    private final CoreFactors core;
    private final @Nullable Directions directions;
    private final boolean isLeft;
    /** Elements in a row: r of the left factor, n of the right one. */
    private final int columns;

    /**
     * Makes a factor.
     *
     * @param core       the factors of the core
     * @param directions of this side, or null for the identity
     * @param isLeft     whether this is the left factor
     */
    public ProductFactor(CoreFactors core, @Nullable Directions directions, boolean isLeft) {
        this.core = core;
        this.directions = directions;
        this.isLeft = isLeft;
        int length = directions == null ? (isLeft ? core.left() : core.right()).length : directions.length();
        columns = isLeft ? core.leftScale().length : length;
    }

    @Override
    public long memory() {
        long rows = (long) core.left().length + core.right().length;
        return rows * core.leftScale().length * Double.BYTES;
    }

    @Override
    public void read(long first, int n, float[] out) {
        int row = (int) (first / columns);
        int column = (int) (first % columns);
        double[] sums = new double[Math.min(columns, column + n)];
        for (int at = 0; at < n;) {
            int run = Math.min(columns - column, n - at);
            Arrays.fill(sums, column, column + run, 0);
            if (isLeft) {
                leftRow(row, column, column + run, sums);
            } else {
                rightRow(row, column, column + run, sums);
            }
            for (int i = 0; i < run; i++) {
                double scale = isLeft ? core.leftScale()[column + i] : core.rightScale()[row];
                out[at + i] = finite((float) (scale * sums[column + i]));
            }
            at += run;
            row++;
            column = 0;
        }
    }

    /** R-PRO-005: what does not fit binary32 is +0. */
    private static float finite(float value) {
        return Math.abs(value) <= Float.MAX_VALUE ? value : 0;
    }

    private void leftRow(int i, int from, int to, double[] sums) {
        if (directions == null) {
            System.arraycopy(core.left()[i], from, sums, from, to - from);
            return;
        }
        for (int a = 0; a < directions.count(); a++) {
            double value = directions.values()[a * directions.length() + i];
            double[] z = core.left()[a];
            for (int t = from; t < to; t++) {
                sums[t] += value * z[t];
            }
        }
    }

    private void rightRow(int t, int from, int to, double[] sums) {
        if (directions == null) {
            for (int j = from; j < to; j++) {
                sums[j] = core.right()[j][t];
            }
            return;
        }
        for (int b = 0; b < directions.count(); b++) {
            double x = core.right()[b][t];
            int at = b * directions.length();
            for (int j = from; j < to; j++) {
                sums[j] += x * directions.values()[at + j];
            }
        }
    }
}
