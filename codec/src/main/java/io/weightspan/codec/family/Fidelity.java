package io.weightspan.codec.family;

/**
 * How true what a record decodes to is to the file that was encoded.
 *
 * @param kind which
 * @param bound of {@link Kind#BOUNDED}: the largest error of an element, in units of the root mean square of its
 *      tensor's difference from the base, or of the tensor itself where there is no base; else 0
 */
public record Fidelity(Kind kind, double bound) {
    /** The file, byte for byte. */
    public static final Fidelity EXACT = new Fidelity(Kind.EXACT, 0);

    /** The first layer alone. */
    public static final Fidelity SPAN = new Fidelity(Kind.SPAN, 0);

    private static final String BOUNDED = "bounded:";

    /** Kinds of fidelity. */
    public enum Kind {
        /** The file, byte for byte. */
        EXACT,
        /** Every element of a float tensor within a bound, all else byte for byte. */
        BOUNDED,
        /** What the first layer decodes to. */
        SPAN
    }

    /** Checks the bound. */
    public Fidelity {
        boolean valid = kind == Kind.BOUNDED ? bound > 0 && bound <= Float.MAX_VALUE : bound == 0;
        if (!valid) {
            throw new IllegalArgumentException("a bound of " + bound);
        }
    }

    /**
     * Errors of elements within a bound.
     *
     * @param bound above 0, finite
     * @return the fidelity
     */
    public static Fidelity bounded(double bound) {
        return new Fidelity(Kind.BOUNDED, bound);
    }

    /**
     * Reads a fidelity as the command line writes it.
     *
     * @param text {@code exact}, {@code span} or {@code bounded:} and a number above 0
     * @return the fidelity
     * @throws IllegalArgumentException if it is none of these; says so
     */
    public static Fidelity parse(String text) {
        if (text.equals("exact")) {
            return EXACT;
        }
        if (text.equals("span")) {
            return SPAN;
        }
        if (text.startsWith(BOUNDED)) {
            try {
                return bounded(Double.parseDouble(text.substring(BOUNDED.length())));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("'" + text + "' has no number above 0 behind the colon", e);
            }
        }
        throw new IllegalArgumentException(
                "'" + text + "' is no fidelity: there are 'exact', 'bounded:EPS' (such as bounded:0.1) and 'span'");
    }

    @Override
    public String toString() {
        return switch (kind) {
            case EXACT -> "exact";
            case SPAN -> "span";
            case BOUNDED -> BOUNDED + bound;
        };
    }
}
