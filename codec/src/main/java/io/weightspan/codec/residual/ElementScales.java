package io.weightspan.codec.residual;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The scale S(i) of every element of a tensor ({@code encodings/scales.md}).
 *
 * <p>Immutable by convention: the arrays are not copied. Thread-safe.
 *
 * @param scale the tensor's scale in key units
 * @param columns elements in a row; at least 1
 * @param rowScales one for each row, or null
 * @param columnScales one for each column, or null
 */
public record ElementScales(int scale, long columns, byte @Nullable [] rowScales, byte @Nullable [] columnScales) {
    /**
     * One scale for all elements.
     *
     * @param scale the tensor's scale in key units
     * @return scales without rows and columns
     */
    public static ElementScales uniform(int scale) {
        return new ElementScales(scale, 1, null, null);
    }

    /**
     * Whether all elements have the same scale.
     *
     * @return whether there are neither row nor column scales
     */
    public boolean isUniform() {
        return rowScales == null && columnScales == null;
    }

    /**
     * Writes the scales of a run of elements.
     *
     * @param first index of the first element in the tensor
     * @param n number of elements
     * @param out receives S(first), S(first + 1), ...
     */
    public void fill(long first, int n, int[] out) {
        if (isUniform()) {
            Arrays.fill(out, 0, n, scale);
            return;
        }
        int row = (int) (first / columns);
        int column = (int) (first % columns);
        int at = 0;
        while (at < n) {
            int run = (int) Math.min(columns - column, n - at);
            int s = scale + (rowScales == null ? 0 : rowScales[row]);
            if (columnScales == null) {
                Arrays.fill(out, at, at + run, s);
            } else {
                for (int i = 0; i < run; i++) {
                    out[at + i] = s + columnScales[column + i];
                }
            }
            at += run;
            row++;
            column = 0;
        }
    }
}
