package io.weightspan.server.store.s3;

import io.weightspan.codec.container.ByteSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * An object's bytes, by way of its blocks: what lies in one block is a view of it, anything longer a copy. Both live as
 * long as they are used, so closing does nothing.
 *
 * <p>Who reads on where the last read ended gets the blocks ahead fetched too, more of them each time and in one
 * request; who jumps gets single blocks. Thread-safe.
 */
final class S3Source implements ByteSource {

    /** The most blocks that are fetched ahead: at 100 ms to the first byte enough for a gigabit a second. */
    private static final int MOST_AHEAD = 16;

    /** A read of more blocks fetches so many ahead of the copying. */
    private static final int WITHIN = 32;

    private final Blocks blocks;
    private final Blocks.Stored object;
    private final String name;

    // Guarded by this: where the last read ended, and how many reads in a row went on there.
    private long expected;
    private int streak;

    S3Source(Blocks blocks, Blocks.Stored object, String name) {
        this.blocks = blocks;
        this.object = object;
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long size() {
        return object.size();
    }

    @Override
    public MemorySegment read(long offset, long length) throws IOException {
        Objects.checkFromIndexSize(offset, length, object.size());
        if (length == 0) {
            return MemorySegment.ofArray(new byte[0]);
        }
        long first = offset / Blocks.LENGTH;
        long last = (offset + length - 1) / Blocks.LENGTH;
        int ahead = ahead(offset, offset + length);
        blocks.prepare(object, first, Math.min(last, first + WITHIN - 1) + ahead);
        if (first == last) {
            return blocks.get(object, first).asSlice(offset - first * Blocks.LENGTH, length).asReadOnly();
        }
        MemorySegment copy = length <= Integer.MAX_VALUE - Long.BYTES
                ? MemorySegment.ofArray(new byte[(int) length])
                : Arena.ofAuto().allocate(length);
        for (long block = first; block <= last; block++) {
            if (block > first) {
                blocks.prepare(object, block, Math.min(last, block + WITHIN - 1));
            }
            long from = Math.max(offset, block * Blocks.LENGTH);
            long to = Math.min(offset + length, (block + 1) * Blocks.LENGTH);
            MemorySegment.copy(
                    blocks.get(object, block), from - block * Blocks.LENGTH, copy, from - offset, to - from);
        }
        return copy.asReadOnly();
    }

    /** Does nothing. */
    @Override
    public void close() {
        // Blocks belong to the store, and to those who still look at them.
    }

    /** Notes a read, and returns how many blocks after it are likely to be read next. */
    private synchronized int ahead(long from, long to) {
        // Chunks may be padded, and threads may finish in another order: near is as good as there.
        boolean goesOn = from > 0 && Math.abs(from - expected) <= Blocks.LENGTH;
        boolean stays = to <= expected && goesOn;
        streak = goesOn ? Math.min(streak + (stays ? 0 : 1), MOST_AHEAD) : 0;
        expected = Math.max(to, goesOn ? expected : 0);
        return streak < 2 ? 0 : Math.min(1 << Math.min(streak - 1, 5), MOST_AHEAD);
    }
}
