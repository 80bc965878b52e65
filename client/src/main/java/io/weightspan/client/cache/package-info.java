/** Keeps objects on disk by their digest, for any number of processes, and lets downloads go on where they stopped. */
@NullMarked
package io.weightspan.client.cache;

import org.jspecify.annotations.NullMarked;
