/** Turns symbols into bytes and back with interleaved rANS and its models. */
@NullMarked
package io.weightspan.codec.entropy;

import org.jspecify.annotations.NullMarked;
