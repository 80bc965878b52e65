/** Codes what a prediction leaves, exactly or within a bound. */
@NullMarked
package io.weightspan.codec.residual;

import org.jspecify.annotations.NullMarked;
