package io.weightspan.codec.analysis;

import org.jspecify.annotations.Nullable;

/**
 * What turning a slot into the family's left and right directions gains at high rate, in bits a weight: half the binary
 * logarithm of the arithmetic over the geometric mean of the class variances, less the same of the differences as they
 * are. Classes are half octaves of what the fitted members let expect.
 *
 * @param heldOut variances measured on members that took no part in the fit
 * @param inSample on as many members that did
 * @param random {@code heldOut} of random tensors of the same shapes and norms
 * @param shuffled {@code heldOut} of the members with their elements shuffled; null where that was not measured
 */
public record CodingGain(double heldOut, double inSample, double random, @Nullable Double shuffled) {
    /**
     * What is gained beyond the larger null.
     *
     * @return bits a weight, below 0 where chance does better
     */
    public double aboveNull() {
        return heldOut - Math.max(random, shuffled == null ? random : shuffled);
    }
}
