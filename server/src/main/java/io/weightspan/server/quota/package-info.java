/** Limits how many bytes the repositories of a namespace may hold. */
@NullMarked
package io.weightspan.server.quota;

import org.jspecify.annotations.NullMarked;
