package io.weightspan.codec.kernel;

/** The kernels that this process decodes with, chosen once. */
public final class Kernels {
    private static final RansKernel RANS = new ScalarRansKernel();

    private Kernels() {}

    /**
     * The entropy decoder's kernel.
     *
     * @return the one chosen for this machine
     */
    public static RansKernel rans() {
        return RANS;
    }
}
