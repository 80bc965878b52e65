package io.weightspan.codec.family;

/**
 * Choices of the encoder.
 *
 * @param threads tensors and blocks encoded at once, at least 1
 * @param zstdLevel level for bytes without a float coding, 1 to 22
 * @param fidelity how true the record is to the file
 * @param step what a coefficient of 1 is worth in a first layer, in units of the root mean square of a tensor's
 *      difference from its base; above 0 and at most 64. A larger one makes the layer smaller and less like the file
 * @param rate bits that a weight may take in a first layer, for which the step is found; 0: the step is not found so
 * @param energy the part of the energy of a file's differences from its base that a first layer is to keep, for which
 *      the step is found: above 0, below 1; 0: the step is not found so. Where the directions hold less, the layer keeps
 *      nearly all that they do
 * @param keepLayer whether an exact or bounded record has a first layer whatever it costs
 */
public record EncodeOptions(int threads, int zstdLevel, Fidelity fidelity, double step, double rate, double energy,
        boolean keepLayer) {
    /** Where layer and exact residual together were smallest on families that share directions. */
    public static final double DEFAULT_STEP = 1.8;

    /** All cores, and a level that keeps up with the float codings. */
    public static final EncodeOptions DEFAULT = new EncodeOptions(
            Runtime.getRuntime().availableProcessors(), 9, Fidelity.EXACT, DEFAULT_STEP, 0, 0, false);

    /** Checks the ranges. */
    public EncodeOptions {
        if (threads < 1 || zstdLevel < 1 || zstdLevel > 22 || !(step > 0 && step <= 64)
                || !(rate >= 0 && rate <= 32) || !(energy >= 0 && energy < 1) || rate > 0 && energy > 0) {
            throw new IllegalArgumentException("threads " + threads + ", zstd level " + zstdLevel + ", step " + step
                    + ", rate " + rate + ", energy " + energy);
        }
    }

    /**
     * The same with another number of threads.
     *
     * @param count at least 1
     * @return the options
     */
    public EncodeOptions withThreads(int count) {
        return new EncodeOptions(count, zstdLevel, fidelity, step, rate, energy, keepLayer);
    }

    /**
     * The same with another zstd level.
     *
     * @param level 1 to 22
     * @return the options
     */
    public EncodeOptions withZstdLevel(int level) {
        return new EncodeOptions(threads, level, fidelity, step, rate, energy, keepLayer);
    }

    /**
     * The same with another step.
     *
     * @param size above 0, at most 64
     * @return the options
     */
    public EncodeOptions withStep(double size) {
        return new EncodeOptions(threads, zstdLevel, fidelity, size, 0, 0, keepLayer);
    }

    /**
     * The same with a step that is found.
     *
     * @param bits a weight in a first layer at most, above 0, at most 32
     * @return the options
     */
    public EncodeOptions withRate(double bits) {
        return new EncodeOptions(threads, zstdLevel, fidelity, step, bits, 0, keepLayer);
    }

    /**
     * The same with a step that is found.
     *
     * @param part of the energy of the file's differences that a first layer is to keep, above 0, below 1
     * @return the options
     */
    public EncodeOptions withEnergy(double part) {
        return new EncodeOptions(threads, zstdLevel, fidelity, step, 0, part, keepLayer);
    }

    /**
     * The same with another fidelity.
     *
     * @param other the fidelity
     * @return the options
     */
    public EncodeOptions withFidelity(Fidelity other) {
        return new EncodeOptions(threads, zstdLevel, other, step, rate, energy, keepLayer);
    }

    /**
     * The same, with a first layer in every record.
     *
     * @return the options
     */
    public EncodeOptions keepingLayer() {
        return new EncodeOptions(threads, zstdLevel, fidelity, step, rate, energy, true);
    }
}
