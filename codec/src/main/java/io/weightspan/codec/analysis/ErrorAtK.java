package io.weightspan.codec.analysis;

import org.jspecify.annotations.Nullable;

/**
 * What the first {@code k} directions over the models leave: the Frobenius norm of the rest over that of the
 * differences.
 *
 * @param k how many directions; 0 leaves all
 * @param error on members that took no part in the fit
 * @param inSampleError on the members that the directions were fitted on
 * @param nullError as {@code error}, of random tensors of the same shapes and norms
 * @param shuffledError as {@code error}, of the members with their elements shuffled; null where that was not measured
 */
public record ErrorAtK(
        int k, double error, double inSampleError, double nullError, @Nullable Double shuffledError) {}
