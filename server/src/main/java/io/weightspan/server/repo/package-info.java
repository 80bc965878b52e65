/** Keeps repositories in a store: names, commits, refs, and the ingest that makes commits of folders. */
@NullMarked
package io.weightspan.server.repo;

import org.jspecify.annotations.NullMarked;
