package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements.Center;

/**
 * What an approximation leaves out; of a pair of factors whose product is approximated, what it leaves out of that.
 *
 * @param error sum of the squares of what it leaves out
 * @param difference sum of the squares of what it approximates: differences from a base, or elements
 * @param most the largest element that it leaves out, absolute
 */
record LayerError(double error, double difference, double most) {
    /** Nothing left out, of nothing. */
    static final LayerError NONE = new LayerError(0, 0, 0);

    /** Compares n elements; {@code difference} is given. */
    static LayerError measure(Center own, Center decoded, int n, double difference) {
        double error = 0;
        double most = 0;
        for (int i = 0; i < n; i++) {
            double e = Math.abs((double) own.value(i) - decoded.value(i));
            // Where the sum overflows the decoded element is the center's: its error counts if it can be told.
            if (e <= Double.MAX_VALUE) {
                error += e * e;
                most = Math.max(most, e);
            }
        }
        return new LayerError(error, difference, most);
    }

    LayerError plus(LayerError other) {
        return new LayerError(error + other.error, difference + other.difference, Math.max(most, other.most));
    }

    /** The Frobenius norm of what is left out, over that of what was approximated. */
    double relative() {
        return difference == 0 ? 0 : Math.sqrt(error / difference);
    }
}
