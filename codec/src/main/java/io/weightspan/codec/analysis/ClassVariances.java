package io.weightspan.codec.analysis;

/**
 * Variances of coefficients by class, a class being the positions that the fitted members expect to be about equally
 * large (half octaves of the product of their row's and their column's magnitude), and one of those that have none.
 */
final class ClassVariances {
    /** Classes on either side of the middle. */
    private static final int CLASSES = 40;

    /** A variance counts for no less than this part of the mean: below it there is only rounding. */
    private static final double FLOOR = 0x1p-40;

    private final double[] squares = new double[2 * CLASSES + 2];
    private final long[] counts = new long[squares.length];

    /** The class of a position whose expected magnitude is given, in half octaves, at most {@code most} from 0. */
    static int classOf(double magnitude, int most) {
        return Math.clamp(Math.round(2 * Math.log(magnitude + 1e-12) / Math.log(2)), -most, most);
    }

    /**
     * Adds a member.
     *
     * @param c its coefficients, row by row
     * @param scale what to multiply each with, so that every member weighs the same
     */
    void add(float[] c, double scale, double[] rowMagnitudes, double[] columnMagnitudes) {
        int columns = columnMagnitudes.length;
        for (int a = 0; a < rowMagnitudes.length; a++) {
            for (int b = 0; b < columns; b++) {
                int at = classOf(rowMagnitudes[a] * columnMagnitudes[b], CLASSES) + CLASSES;
                double x = c[a * columns + b] * scale;
                squares[at] += x * x;
                counts[at]++;
            }
        }
    }

    /**
     * Adds elements of which only the sum of squares is known: a class of their own.
     *
     * @param square the sum, in the units of the other elements
     * @param count  how many
     */
    void addOutside(double square, long count) {
        squares[squares.length - 1] += square;
        counts[counts.length - 1] += count;
    }

    /** Half the binary logarithm of the variances' arithmetic mean over their geometric mean: bits a weight. */
    double gain() {
        double energy = 0;
        long count = 0;
        for (int i = 0; i < counts.length; i++) {
            energy += squares[i];
            count += counts[i];
        }
        if (energy <= 0) {
            return 0;
        }
        double mean = energy / count;
        double logs = 0;
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0) {
                logs += counts[i] * Math.log(Math.max(squares[i] / counts[i] / mean, FLOOR));
            }
        }
        return -logs / count / 2 / Math.log(2);
    }
}
