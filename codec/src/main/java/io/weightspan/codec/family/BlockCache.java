package io.weightspan.codec.family;

import io.weightspan.codec.container.Digest;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Keeps decoded blocks that may be read again: the base of many fine-tunes, or a block that several small reads
 * share.
 *
 * <p>Thread-safe. The segments are never written after they were put.
 */
public interface BlockCache {
    /**
     * Names a block by what it decodes to, so that records share it.
     *
     * @param file digest of the decoded file
     * @param tensor index in data order
     * @param block index in the tensor
     */
    record Key(Digest file, int tensor, int block) {}

    /**
     * Finds a block.
     *
     * @param key its name
     * @return the decoded bytes, or null
     */
    @Nullable
    MemorySegment get(Key key);

    /**
     * Offers a block.
     *
     * @param key its name
     * @param bytes the decoded bytes, not to be written any more
     */
    void put(Key key, MemorySegment bytes);

    /**
     * Whether whole blocks are to be kept too, as by a cache that serves several readers; if not, only blocks that
     * were read in part are.
     *
     * @return whether {@link #put} is called for every block
     */
    boolean keepsWholeBlocks();

    /**
     * The last few blocks that one reader read in part, so that small sequential reads decode each block once.
     *
     * @param blocks how many, at least 1
     * @return a cache of its own
     */
    static BlockCache recent(int blocks) {
        return new RecentBlocks(blocks);
    }
}
