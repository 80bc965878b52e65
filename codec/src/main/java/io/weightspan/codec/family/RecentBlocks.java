package io.weightspan.codec.family;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A few blocks, the least recently used dropped first. Thread-safe. */
final class RecentBlocks implements BlockCache {
    private final Map<Key, MemorySegment> blocks;

    RecentBlocks(int capacity) {
        blocks = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Key, MemorySegment> eldest) {
                return size() > capacity;
            }
        };
    }

    @Override
    public synchronized @Nullable MemorySegment get(Key key) {
        return blocks.get(key);
    }

    @Override
    public synchronized void put(Key key, MemorySegment bytes) {
        blocks.put(key, bytes);
    }

    @Override
    public boolean keepsWholeBlocks() {
        return false;
    }
}
