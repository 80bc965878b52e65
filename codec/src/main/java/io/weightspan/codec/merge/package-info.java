/** Arithmetic on whole models: weighted sums of tensors, and matrices out of trained coefficients. */
@NullMarked
package io.weightspan.codec.merge;

import org.jspecify.annotations.NullMarked;
