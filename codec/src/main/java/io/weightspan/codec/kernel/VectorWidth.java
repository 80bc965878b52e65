package io.weightspan.codec.kernel;

import jdk.incubator.vector.IntVector;

/** The machine's vector registers. Loaded only where the Vector API is. */
final class VectorWidth {
    /** Narrower registers gain nothing over scalar code. */
    static final int LEAST = 256;

    private VectorWidth() {}

    /** Bits of the registers that the JVM prefers. */
    static int bits() {
        return IntVector.SPECIES_PREFERRED.vectorBitSize();
    }
}
