/** Runs the HTTP server: pipeline, routing, ranges, errors and limits. */
@NullMarked
package io.weightspan.server.http;

import org.jspecify.annotations.NullMarked;
