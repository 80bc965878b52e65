/** Runs the pipeline: encodes a family, decodes a record, a range of it or a view of it. */
@NullMarked
package io.weightspan.codec.family;

import org.jspecify.annotations.NullMarked;
