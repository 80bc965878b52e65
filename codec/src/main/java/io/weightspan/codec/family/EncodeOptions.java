package io.weightspan.codec.family;

/**
 * Choices of the encoder that change speed or size, never the file that is decoded.
 *
 * @param threads tensors and blocks encoded at once, at least 1
 * @param zstdLevel level for bytes without a float coding, 1 to 22
 * @param step what a coefficient of 1 is worth in a first layer, in units of the root mean square of a tensor's
 *      difference from its base; above 0 and at most 64. A larger one makes the layer smaller and less like the file
 */
public record EncodeOptions(int threads, int zstdLevel, double step) {
    /** About half a bit a weight, of which the residual saves more where the family shares anything. */
    public static final double DEFAULT_STEP = 2;

    /** All cores, and a level that keeps up with the float codings. */
    public static final EncodeOptions DEFAULT =
            new EncodeOptions(Runtime.getRuntime().availableProcessors(), 9, DEFAULT_STEP);

    /** Checks the ranges. */
    public EncodeOptions {
        if (threads < 1 || zstdLevel < 1 || zstdLevel > 22 || !(step > 0 && step <= 64)) {
            throw new IllegalArgumentException(
                    "threads " + threads + ", zstd level " + zstdLevel + ", step " + step);
        }
    }

    /**
     * The same with another number of threads.
     *
     * @param count at least 1
     * @return the options
     */
    public EncodeOptions withThreads(int count) {
        return new EncodeOptions(count, zstdLevel, step);
    }

    /**
     * The same with another step.
     *
     * @param size above 0, at most 64
     * @return the options
     */
    public EncodeOptions withStep(double size) {
        return new EncodeOptions(threads, zstdLevel, size);
    }
}
