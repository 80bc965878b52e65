package io.weightspan.server.repo;

import io.weightspan.codec.family.Progress;

/** Hears how packing goes on. Called from any thread, by several at once. */
@FunctionalInterface
public interface PackListener {

    /** Hears nothing. */
    PackListener NONE = (task, bytes) -> Progress.NONE;

    /**
     * A stretch of work begins, and the one before it has ended.
     *
     * @param task what is being done, a word or two
     * @param bytes how many bytes it goes through
     * @return hears of those bytes as they are done
     */
    Progress begins(String task, long bytes);

    /**
     * Something that the user may want to know.
     *
     * @param text a sentence
     */
    default void tells(String text) {}
}
