package io.weightspan.codec.family;

/**
 * How a tensor is coded within a bound ({@code encodings/bounded.md}).
 *
 * @param step what a step is worth
 * @param steps the number of steps of each element from its prediction, {@link Integer#MIN_VALUE} for one whose bits
 *      are stored
 */
record BoundedPlan(float step, int[] steps) {}
