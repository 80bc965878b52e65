/** Holds the SIMD kernels and their scalar twins, of which one set is chosen once. */
@NullMarked
package io.weightspan.codec.kernel;

import org.jspecify.annotations.NullMarked;
