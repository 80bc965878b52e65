/** Puts a server together: a store, the handlers of its requests and the socket that it listens on. */
@NullMarked
package io.weightspan.server.serve;

import org.jspecify.annotations.NullMarked;
