/** Encodes beside the requests what clients have uploaded. */
@NullMarked
package io.weightspan.server.encode;

import org.jspecify.annotations.NullMarked;
