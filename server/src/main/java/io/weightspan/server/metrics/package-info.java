/** Measures a server, for Prometheus: its requests, what its store holds, what decoding costs, what waits. */
@NullMarked
package io.weightspan.server.metrics;

import org.jspecify.annotations.NullMarked;
