/** Keeps immutable objects and refs in a folder or a bucket. */
@NullMarked
package io.weightspan.server.store;

import org.jspecify.annotations.NullMarked;
