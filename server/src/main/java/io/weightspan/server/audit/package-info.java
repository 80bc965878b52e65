/** Keeps a log of who asked for which write, and what became of it. */
@NullMarked
package io.weightspan.server.audit;

import org.jspecify.annotations.NullMarked;
