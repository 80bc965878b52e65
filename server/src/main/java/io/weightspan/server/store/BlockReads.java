package io.weightspan.server.store;

/**
 * How often a store that is elsewhere was spared a transfer by its cache on the local disk, since it was opened.
 *
 * @param hits blocks that were read from the disk
 * @param misses blocks that had to be fetched
 */
public record BlockReads(long hits, long misses) {}
