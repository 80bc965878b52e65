package io.weightspan.codec.family;

import java.io.IOException;

/** What a layer's factors make of a tensor's elements before they are rounded. */
@FunctionalInterface
interface Sums {
    /**
     * Gives y(i) as {@code encodings/lowrank.md} says.
     *
     * @param first index of the first element
     * @param n how many
     * @param out receives them
     */
    void read(long first, int n, float[] out) throws IOException;
}
