package io.weightspan.codec.analysis;

/**
 * What the directions of one side of a slot hold of its energy, largest first, over all fitted members.
 *
 * @param dimension how long the side is, of whose directions the lists give the first 64
 * @param spectrum parts of the energy; empty where the side is too long to be turned and left as it is
 * @param nullSpectrum of random tensors of the same shapes and norms
 * @param shuffledSpectrum of the members with their elements shuffled; empty where that was not measured
 */
public record ModeSpectrum(int dimension, double[] spectrum, double[] nullSpectrum, double[] shuffledSpectrum) {}
