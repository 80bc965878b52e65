/** Bounds how many requests a token or an address makes, and tells clients when to come back. */
@NullMarked
package io.weightspan.server.limits;

import org.jspecify.annotations.NullMarked;
