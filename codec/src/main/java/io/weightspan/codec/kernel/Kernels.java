package io.weightspan.codec.kernel;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * The kernels that this process computes with, chosen once: those of the Vector API where the JVM has it and the
 * machine has registers of 256 bits or more, else their scalar twins, which give the same bytes more slowly. Where the
 * JVM could have it and was not told to, a warning is logged.
 *
 * <p>Thread-safe.
 */
public final class Kernels {
    /** The system property that chooses: {@code scalar} for the scalar kernels whatever the machine has. */
    public static final String PROPERTY = "weightspan.kernels";

    private static final String MODULE = "jdk.incubator.vector";
    private static final Choice CHOICE = choose();

    private record Choice(RansKernel rans, ElementKernel elements, MatrixKernel matrices, String name) {}

    private Kernels() {}

    private static Choice choose() {
        if ("scalar".equals(System.getProperty(PROPERTY))) {
            return scalar();
        }
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            Logger logger = System.getLogger(Kernels.class.getName());
            logger.log(
                    Level.WARNING,
                    "The Vector API is not loaded: decoding takes several times as long. Start Java with"
                            + " --add-modules=" + MODULE + ", or with -D" + PROPERTY + "=scalar for no warning.");
            return scalar();
        }
        int bits = VectorWidth.bits();
        return bits >= VectorWidth.LEAST
                ? new Choice(
                        new VectorRansKernel(),
                        new VectorElementKernel(),
                        new VectorMatrixKernel(),
                        "vector, " + bits + " bits")
                : scalar();
    }

    private static Choice scalar() {
        return new Choice(new ScalarRansKernel(), new ScalarElementKernel(), new ScalarMatrixKernel(), "scalar");
    }

    /**
     * The entropy coder's kernel.
     *
     * @return the one chosen for this machine
     */
    public static RansKernel rans() {
        return CHOICE.rans;
    }

    /**
     * The kernel between symbols and elements of up to 32 bits.
     *
     * @return the one chosen for this machine
     */
    public static ElementKernel elements() {
        return CHOICE.elements;
    }

    /**
     * The kernel of matrices' products.
     *
     * @return the one chosen for this machine
     */
    public static MatrixKernel matrices() {
        return CHOICE.matrices;
    }

    /**
     * What was chosen, for people.
     *
     * @return "scalar", or "vector" with the registers' width
     */
    public static String name() {
        return CHOICE.name;
    }
}
