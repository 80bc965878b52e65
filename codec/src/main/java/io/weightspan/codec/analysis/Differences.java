package io.weightspan.codec.analysis;

import java.io.IOException;

/**
 * The members' differences in one slot, from the base or from the mean; or what stands for them in a null. Reading is
 * thread-safe.
 */
interface Differences {
    /** How many members. */
    int members();

    /** Elements of the slot. */
    int size();

    /** Reads elements {@code first} to {@code first + n} of a member's difference into the begin of {@code out}. */
    void read(int member, int first, int n, float[] out) throws IOException;

    /** All elements of a member's difference. The caller must not change them. */
    default float[] of(int member) throws IOException {
        float[] all = new float[size()];
        read(member, 0, size(), all);
        return all;
    }
}
