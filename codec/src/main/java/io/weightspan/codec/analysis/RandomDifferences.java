package io.weightspan.codec.analysis;

/**
 * Normally distributed tensors of given norms. An element is a function of the seed, the member and its index, so that
 * none is kept. Immutable.
 */
final class RandomDifferences implements Differences {
    private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;

    private final long seed;
    private final int size;
    private final double[] deviations;

    /** Tensors of {@code size} elements, member m's with the given root mean square. */
    RandomDifferences(long seed, int size, double[] deviations) {
        this.seed = seed;
        this.size = size;
        this.deviations = deviations.clone();
    }

    @Override
    public int members() {
        return deviations.length;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public void read(int member, int first, int n, float[] out) {
        long stream = mix(seed + (member + 1) * GOLDEN);
        for (int i = 0; i < n;) {
            int index = first + i;
            long bits = mix(stream + (index >> 1) * GOLDEN);
            // Box and Muller: two uniform numbers make two normal ones, of an even index and the odd one after it.
            double radius = deviations[member] * Math.sqrt(-2 * Math.log(((bits >>> 32) + 0.5) * 0x1p-32));
            double angle = 2 * Math.PI * (bits & 0xFFFF_FFFFL) * 0x1p-32;
            if ((index & 1) == 0) {
                out[i++] = (float) (radius * Math.cos(angle));
            }
            if (i < n) {
                out[i++] = (float) (radius * Math.sin(angle));
            }
        }
    }

    /** SplitMix64's finaliser. */
    private static long mix(long z) {
        long a = (z ^ z >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        long b = (a ^ a >>> 27) * 0x94D0_49BB_1331_11EBL;
        return b ^ b >>> 31;
    }
}
