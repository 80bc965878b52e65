/** Speaks Git LFS: what a push sends is kept as an object, what a pull asks for is decoded where it must be. */
@NullMarked
package io.weightspan.server.lfs;

import org.jspecify.annotations.NullMarked;
