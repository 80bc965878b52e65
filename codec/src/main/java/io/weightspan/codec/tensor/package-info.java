/** Describes a tensor: its dtype, its shape, and its values as a view of a memory segment. */
@NullMarked
package io.weightspan.codec.tensor;

import org.jspecify.annotations.NullMarked;
