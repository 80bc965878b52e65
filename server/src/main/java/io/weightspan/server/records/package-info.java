/** Serves bases and records natively, cacheable for ever. */
@NullMarked
package io.weightspan.server.records;

import org.jspecify.annotations.NullMarked;
