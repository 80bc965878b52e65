package io.weightspan.codec.family;

/** Hears how far a long piece of work has come. Called from any thread, by several at once. */
@FunctionalInterface
public interface Progress {
    /** Hears nothing. */
    Progress NONE = bytes -> {};

    /**
     * Some more bytes of the original file are done.
     *
     * @param bytes how many since the last call, at least 0
     */
    void advance(long bytes);
}
