/** Speaks HTTP/1.1: the Netty pipeline, request targets, ranges, errors, limits and the streaming of bodies. */
@NullMarked
package io.weightspan.server.http;

import org.jspecify.annotations.NullMarked;
