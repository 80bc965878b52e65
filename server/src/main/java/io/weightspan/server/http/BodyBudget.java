package io.weightspan.server.http;

/**
 * The bytes of bodies that a connection holds, over all that it sends at once. Used on the connection's event loop.
 *
 * <p>A body that holds nothing gets a small piece even where no room is left, so that none waits for another client's
 * good will.
 */
final class BodyBudget {

    /** Bytes that each body may hold whatever the others do. */
    private static final int RESERVED = 64 * 1024;

    private final long max;
    private long held;

    /**
     * Creates the budget of one connection.
     *
     * @param max bytes that all bodies may hold together, but for what is reserved for each
     */
    BodyBudget(long max) {
        this.max = max;
    }

    /**
     * Returns how many bytes a body may begin to read now.
     *
     * @param wanted bytes of a whole piece
     * @param holdsNone whether the body holds no byte yet
     * @return at most what is wanted; 0 if the body has to wait until bytes that it holds are gone
     */
    int allows(int wanted, boolean holdsNone) {
        if (held + wanted <= max) {
            return wanted;
        }
        return holdsNone ? Math.min(wanted, RESERVED) : 0;
    }

    /** Counts bytes that are held from now on, or no more where the number is negative. */
    void take(long bytes) {
        held += bytes;
    }
}
