/** Talks to a server: resolves a repo, gets the records it needs, and decodes them to files or to memory. */
@NullMarked
package io.weightspan.client.hub;

import org.jspecify.annotations.NullMarked;
