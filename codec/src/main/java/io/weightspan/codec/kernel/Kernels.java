package io.weightspan.codec.kernel;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The kernels that this process computes with, chosen once: those of the Vector API where the JVM has it and the
 * machine has registers of 256 bits or more, else their scalar twins, which give the same bytes more slowly.
 *
 * <p>Thread-safe.
 */
public final class Kernels {
    /** The system property that chooses: {@code scalar} for the scalar kernels whatever the machine has. */
    public static final String PROPERTY = "weightspan.kernels";

    private static final String MODULE = "jdk.incubator.vector";
    private static final Set SET = choose();

    private record Set(RansKernel rans, ElementKernel elements, String name, Optional<String> warning) {}

    private Kernels() {}

    private static Set choose() {
        if ("scalar".equals(System.getProperty(PROPERTY))) {
            return scalar(null);
        }
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            return scalar(
                    "the Vector API is not loaded: decoding takes several times as long; start Java with --add-modules="
                            + MODULE);
        }
        int bits = VectorWidth.bits();
        return bits >= VectorWidth.LEAST
                ? new Set(
                        new VectorRansKernel(), new VectorElementKernel(), "vector, " + bits + " bits",
                        Optional.empty())
                : scalar(null);
    }

    private static Set scalar(@Nullable String warning) {
        return new Set(new ScalarRansKernel(), new ScalarElementKernel(), "scalar", Optional.ofNullable(warning));
    }

    /**
     * The entropy decoder's kernel.
     *
     * @return the one chosen for this machine
     */
    public static RansKernel rans() {
        return SET.rans;
    }

    /**
     * The kernel between symbols and elements of up to 32 bits.
     *
     * @return the one chosen for this machine
     */
    public static ElementKernel elements() {
        return SET.elements;
    }

    /**
     * What was chosen, for people.
     *
     * @return "scalar", or "vector" with the registers' width
     */
    public static String name() {
        return SET.name;
    }

    /**
     * What to tell the user about a slow choice that they can mend.
     *
     * @return one line, or empty if there is nothing to mend
     */
    public static Optional<String> warning() {
        return SET.warning;
    }
}
