/** Reads and writes the container: one descriptor per fixed structure, with limits and error codes. */
@NullMarked
package io.weightspan.codec.container;

import org.jspecify.annotations.NullMarked;
