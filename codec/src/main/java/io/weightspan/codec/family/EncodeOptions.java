package io.weightspan.codec.family;

/**
 * Choices of the encoder that change speed or size, never what is decoded.
 *
 * @param threads tensors and blocks encoded at once, at least 1
 * @param zstdLevel level for bytes without a float coding, 1 to 22
 */
public record EncodeOptions(int threads, int zstdLevel) {
    /** All cores, and a level that keeps up with the float codings. */
    public static final EncodeOptions DEFAULT =
            new EncodeOptions(Runtime.getRuntime().availableProcessors(), 9);

    /** Checks the ranges. */
    public EncodeOptions {
        if (threads < 1 || zstdLevel < 1 || zstdLevel > 22) {
            throw new IllegalArgumentException("threads " + threads + ", zstd level " + zstdLevel);
        }
    }

    /**
     * The same with another number of threads.
     *
     * @param count at least 1
     * @return the options
     */
    public EncodeOptions withThreads(int count) {
        return new EncodeOptions(count, zstdLevel);
    }
}
