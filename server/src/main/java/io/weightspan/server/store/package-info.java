/** Keeps immutable objects and small mutable values in a folder or a bucket, and knows nothing of what they mean. */
@NullMarked
package io.weightspan.server.store;

import org.jspecify.annotations.NullMarked;
