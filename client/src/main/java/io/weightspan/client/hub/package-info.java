/** Talks to a server: lists, fetches and uploads. */
@NullMarked
package io.weightspan.client.hub;

import org.jspecify.annotations.NullMarked;
