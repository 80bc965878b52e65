package io.weightspan.codec.analysis;

import io.weightspan.codec.basis.Quantiser;

/** Quantises turned differences at one step, and counts what they cost and what they leave out. */
final class ModesMeter {
    /** As many classes on either side of the middle as the rate study has. */
    private static final int CLASSES = 12;

    private final ModeAxes axes;
    private final double step;
    private final Histogram[] classes = new Histogram[2 * CLASSES + 1];
    private final byte[] classOf;
    private int members;
    private int rowsUsed;
    private int columnsUsed;
    private double left;

    ModesMeter(ModeAxes axes, double step) {
        this.axes = axes;
        this.step = step;
        double[] row = axes.left().magnitudes();
        double[] column = axes.right().magnitudes();
        classOf = new byte[row.length * column.length];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = new Histogram();
        }
        for (int i = 0; i < classOf.length; i++) {
            double magnitude = row[i / column.length] * column[i % column.length];
            classOf[i] = (byte) (ClassVariances.classOf(magnitude / step, CLASSES) + CLASSES);
        }
    }

    /**
     * Adds a member.
     *
     * @param c its coefficients
     * @param deviation the root mean square of its difference
     * @param outside the sum of squares that the coefficients leave out whatever the step
     */
    void add(float[] c, double deviation, double outside) {
        members++;
        left += outside;
        if (deviation == 0) {
            return;
        }
        int width = axes.right().magnitudes().length;
        float size = (float) (step * deviation);
        int[] q = Quantiser.withDeadZone(c, size);
        for (int i = 0; i < q.length; i++) {
            classes[classOf[i]].add(q[i]);
            double e = c[i] - (double) q[i] * size;
            left += e * e;
            if (q[i] != 0) {
                rowsUsed = Math.max(rowsUsed, i / width + 1);
                columnsUsed = Math.max(columnsUsed, i % width + 1);
            }
        }
    }

    /** Bits of a member, the directions that nobody used left out. Ends the measurement. */
    double bits() {
        int width = axes.right().magnitudes().length;
        long[] outside = new long[classes.length];
        for (int i = 0; i < classOf.length; i++) {
            if (i / width >= rowsUsed || i % width >= columnsUsed) {
                outside[classOf[i]] += members;
            }
        }
        double bits = 0;
        for (int i = 0; i < classes.length; i++) {
            classes[i].removeZeros(outside[i]);
            bits += classes[i].bits();
        }
        return bits / Math.max(1, members);
    }

    /** Squares of what all members lose. */
    double left() {
        return left;
    }

    long basisBytes() {
        return axes.basisBytes(rowsUsed, columnsUsed);
    }
}
