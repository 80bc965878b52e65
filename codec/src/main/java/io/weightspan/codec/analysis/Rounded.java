package io.weightspan.codec.analysis;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;

/** Numbers as a document shows them: more digits would be noise, and ten times the bytes. */
final class Rounded {
    private static final MathContext DIGITS = new MathContext(6);

    private Rounded() {}

    /** Six significant digits; 0 for what is not finite. */
    static double six(double x) {
        return Double.isFinite(x) ? BigDecimal.valueOf(x).round(DIGITS).doubleValue() : 0;
    }

    /** Six significant digits of each of the first numbers. */
    static double[] six(double[] values, int most) {
        return Arrays.stream(values).limit(most).map(Rounded::six).toArray();
    }

    /** The square root of a part of a whole: 0 where there is no whole. */
    static double relative(double part, double whole) {
        return whole <= 0 ? 0 : six(Math.sqrt(Math.max(0, part) / whole));
    }
}
