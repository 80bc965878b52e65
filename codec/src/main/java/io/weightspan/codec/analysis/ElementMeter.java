package io.weightspan.codec.analysis;

import io.weightspan.codec.basis.Quantiser;

/** Quantises elements as they are at one step, and counts what they cost and what they leave out. */
final class ElementMeter {
    private static final double DEAD_ZONE = 0.6;
    private static final int MOST = 1 << 24;

    private final Histogram histogram = new Histogram();
    private double left;

    /** Adds a run of elements, a quantised 1 being worth {@code size}; as {@link Quantiser#withDeadZone} does. */
    void add(float[] values, int n, double size) {
        if (size == 0) {
            return;
        }
        for (int i = 0; i < n; i++) {
            int steps = (int) (Math.min(Math.abs(values[i]) / size, MOST) + 1 - DEAD_ZONE);
            int q = values[i] < 0 ? -steps : steps;
            histogram.add(q);
            double e = values[i] - q * size;
            left += e * e;
        }
    }

    double bits() {
        return histogram.bits();
    }

    /** Squares of what is lost. */
    double left() {
        return left;
    }
}
