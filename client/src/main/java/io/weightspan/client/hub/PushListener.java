package io.weightspan.client.hub;

import io.weightspan.codec.family.Progress;

/** Hears how far a push has come. Called by one thread. */
public interface PushListener {

    /** Hears nothing. */
    PushListener NONE = new PushListener() {};

    /**
     * Files are about to be read, to find out what is new.
     *
     * @param bytes of all of them
     * @return hears of bytes that have been read
     */
    default Progress reads(long bytes) {
        return Progress.NONE;
    }

    /**
     * Files are about to be sent.
     *
     * @param files how many
     * @param bytes of all of them
     * @return hears of bytes that have been sent
     */
    default Progress sends(int files, long bytes) {
        return Progress.NONE;
    }
}
