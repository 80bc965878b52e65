/** Directions that the members of a family share: fitting, storing, turning a matrix into them and back. */
@NullMarked
package io.weightspan.codec.basis;

import org.jspecify.annotations.NullMarked;
