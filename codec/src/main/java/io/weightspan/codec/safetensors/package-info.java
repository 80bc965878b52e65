/** Reads safetensors files from memory maps and writes them back verbatim. */
@NullMarked
package io.weightspan.codec.safetensors;

import org.jspecify.annotations.NullMarked;
