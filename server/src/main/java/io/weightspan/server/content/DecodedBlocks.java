package io.weightspan.server.content;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.weightspan.codec.family.BlockCache;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Decoded blocks, up to so many bytes, so that neither a hot base is decoded again for each fine-tune nor a hot
 * fine-tune for each client. Thread-safe.
 */
final class DecodedBlocks implements BlockCache {

    /** What an entry costs beside its bytes, about. */
    private static final int ENTRY_BYTES = 200;

    private final Cache<Key, MemorySegment> blocks;

    /**
     * Creates a cache.
     *
     * @param maxBytes bytes of blocks kept, at least 0
     */
    DecodedBlocks(long maxBytes) {
        blocks = Caffeine.newBuilder()
                .maximumWeight(maxBytes)
                .weigher((Key key, MemorySegment bytes) -> Math.toIntExact(bytes.byteSize() + ENTRY_BYTES))
                .recordStats()
                .build();
    }

    @Override
    public @Nullable MemorySegment get(Key key) {
        return blocks.getIfPresent(key);
    }

    /** Returns how often a block was asked for and there. */
    long hits() {
        return blocks.stats().hitCount();
    }

    /** Returns how often a block was asked for and not there. */
    long misses() {
        return blocks.stats().missCount();
    }

    /** Returns about how many bytes the blocks take. */
    long bytes() {
        return blocks.policy().eviction().map(limit -> limit.weightedSize().orElse(0)).orElse(0L);
    }

    @Override
    public void put(Key key, MemorySegment bytes) {
        blocks.put(key, bytes.asReadOnly());
    }

    @Override
    public boolean keepsWholeBlocks() {
        return true;
    }
}
