/** Proves readers and writers against the corpus. */
@NullMarked
package io.weightspan.conformance;

import org.jspecify.annotations.NullMarked;
