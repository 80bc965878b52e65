/** Keeps repositories in a store: refs, commits, transactions, garbage collection and ingest. */
@NullMarked
package io.weightspan.server.repo;

import org.jspecify.annotations.NullMarked;
