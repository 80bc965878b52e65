package io.weightspan.codec.analysis;

import org.jspecify.annotations.Nullable;

/**
 * A slot quantised at one step.
 *
 * @param step what a quantised 1 is worth, over the root mean square of the member's difference
 * @param direct the differences as they are
 * @param modes turned into the family's left and right directions; null for a slot that is no matrix
 * @param span less their projection on {@link SlotAnalysis#spanDirections()} directions over the models; null where
 *     none pays
 */
public record SlotRate(double step, Coding direct, @Nullable Coding modes, @Nullable Coding span) {}
