/** Keeps bases on disk and checks them before use. */
@NullMarked
package io.weightspan.client.cache;

import org.jspecify.annotations.NullMarked;
