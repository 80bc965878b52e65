package io.weightspan.client.hub;

import io.weightspan.codec.family.Progress;

/** Hears how far a fetch has come. Called by one thread; what the methods return is called by several. */
public interface FetchListener {

    /** Hears nothing. */
    FetchListener NONE = new FetchListener() {};

    /**
     * Objects are about to be downloaded.
     *
     * @param objects how many
     * @param bytes their stored bytes, those that are in the cache already not counted
     * @return hears of bytes that have arrived
     */
    default Progress downloads(int objects, long bytes) {
        return Progress.NONE;
    }

    /**
     * Files are about to be written.
     *
     * @param files how many
     * @param bytes their bytes
     * @return hears of bytes that are decoded and written
     */
    default Progress files(int files, long bytes) {
        return Progress.NONE;
    }
}
