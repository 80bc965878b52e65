package io.weightspan.codec.analysis;

/**
 * What quantised differences cost and lose in one form, measured on the members held out.
 *
 * @param bitsPerWeight entropy by variance class with the cost of learning the frequencies, without the basis
 * @param error Frobenius norm of what is lost over that of the differences
 * @param inSampleError the same on as many of the members that the directions were fitted on; equal to {@code error}
 *     where nothing is fitted
 * @param basisBytes of the directions in use, stored once: int8 elements and 5 bytes a direction
 */
public record Coding(double bitsPerWeight, double error, double inSampleError, long basisBytes) {}
