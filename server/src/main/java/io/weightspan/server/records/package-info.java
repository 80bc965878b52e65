/** Answers the native read API: what a revision is made of, and stored objects that never change. */
@NullMarked
package io.weightspan.server.records;

import org.jspecify.annotations.NullMarked;
