package io.weightspan.server.repo;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Things that are closed together, the last one first. For one thread. */
public final class Closer implements Closeable {

    private final Deque<Closeable> open = new ArrayDeque<>();

    /** Creates an empty one. */
    public Closer() {}

    /**
     * Takes something over.
     *
     * @param <T> what it is
     * @param thing closed with this
     * @return the same
     */
    public <T extends Closeable> T add(T thing) {
        open.push(thing);
        return thing;
    }

    /**
     * Closes everything, whatever fails on the way.
     *
     * @throws IOException the first failure, with the others suppressed
     */
    @Override
    public void close() throws IOException {
        IOException failure = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (IOException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
