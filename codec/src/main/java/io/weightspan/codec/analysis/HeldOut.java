package io.weightspan.codec.analysis;

import java.util.stream.IntStream;

/**
 * Which members directions are fitted on, and which are held out to measure them.
 *
 * @param fitted indices of the one, ascending
 * @param held indices of the other, ascending; none in a family of fewer than three
 */
record HeldOut(int[] fitted, int[] held) {
    private static final int LEAST = 3;

    /** Holds out members 0, every, 2 every and so on. */
    static HeldOut of(int members, int every) {
        boolean any = members >= LEAST;
        return new HeldOut(
                IntStream.range(0, members).filter(i -> !any || i % every != 0).toArray(),
                IntStream.range(0, members).filter(i -> any && i % every == 0).toArray());
    }

    /** As many fitted members as are held out, evenly chosen: what is measured on them is in-sample. */
    int[] sampleOfFitted() {
        int count = Math.min(held.length, fitted.length);
        return IntStream.range(0, count)
                .map(i -> fitted[(int) ((long) i * fitted.length / count)])
                .toArray();
    }
}
