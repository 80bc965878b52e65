/** Predicts a tensor from what a family shares: one class per predictor behind one interface. */
@NullMarked
package io.weightspan.codec.predict;

import org.jspecify.annotations.NullMarked;
