package io.weightspan.codec.analysis;

import java.io.IOException;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Differences in memory. Immutable. */
final class HeldDifferences implements Differences {
    private final int size;
    private final float[][] values;

    private HeldDifferences(int size, float[][] values) {
        this.size = size;
        this.values = values;
    }

    /** Reads all of them. */
    static HeldDifferences of(Differences source) throws IOException {
        float[][] values = new float[source.members()][];
        for (int member = 0; member < values.length; member++) {
            values[member] = source.of(member);
        }
        return new HeldDifferences(source.size(), values);
    }

    /** The same elements, each member's in an order of its own: what is left is how they are distributed. */
    HeldDifferences shuffled(long seed) {
        float[][] shuffled = new float[values.length][];
        SplittableRandom seeds = new SplittableRandom(seed);
        for (int member = 0; member < values.length; member++) {
            SplittableRandom random = seeds.split();
            shuffled[member] = values[member].clone();
            shuffle(shuffled[member], random);
        }
        return new HeldDifferences(size, shuffled);
    }

    /** Puts values into any order (R. Durstenfeld, Algorithm 235, Comm. ACM 7, 1964). */
    static void shuffle(float[] values, RandomGenerator random) {
        for (int i = values.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            float swapped = values[i];
            values[i] = values[j];
            values[j] = swapped;
        }
    }

    @Override
    public int members() {
        return values.length;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public void read(int member, int first, int n, float[] out) {
        System.arraycopy(values[member], first, out, 0, n);
    }

    @Override
    public float[] of(int member) {
        return values[member];
    }
}
