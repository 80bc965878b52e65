/** Tells from samples which files are alike, and so may predict each other. */
@NullMarked
package io.weightspan.codec.predict;

import org.jspecify.annotations.NullMarked;
