package io.weightspan.server.content;

import io.weightspan.codec.tensor.DecodedFile;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Files that are open now or were a moment ago, by key, so that a client that reads a file in many small ranges has it
 * opened once. A file is closed when nobody has it and others were used since. Thread-safe.
 *
 * @param <K> what names a file
 */
final class OpenFiles<K> implements Closeable {

    /** Opens a file that isn't open. */
    @FunctionalInterface
    interface Opener {

        /**
         * Opens the file.
         *
         * @throws IOException if it can't be opened
         */
        DecodedFile open() throws IOException;
    }

    /** A file that somebody has, until it is given back. */
    final class Held {

        private final K key;
        private final DecodedFile file;
        private int holders;

        private Held(K key, DecodedFile file) {
            this.key = key;
            this.file = file;
        }

        /** Returns the file, not to be closed. */
        DecodedFile file() {
            return file;
        }

        /**
         * Gives the file back; once for each time it was taken.
         *
         * @throws IOException if a file that is no longer needed can't be closed
         */
        void giveBack() throws IOException {
            OpenFiles.this.giveBack(this);
        }
    }

    private final int maxIdle;

    /** In order of use, the least recent first; guarded by itself. */
    private final Map<K, Held> files = new LinkedHashMap<>(16, 0.75F, true);

    private boolean closed;

    /**
     * Creates a set without files.
     *
     * @param maxIdle files kept open that nobody has
     */
    OpenFiles(int maxIdle) {
        this.maxIdle = maxIdle;
    }

    /**
     * Takes a file, opening it where it isn't open.
     *
     * @throws IOException if it can't be opened
     */
    Held take(K key, Opener opener) throws IOException {
        synchronized (files) {
            Held known = files.get(key);
            if (known != null) {
                known.holders++;
                return known;
            }
        }
        // Opened outside of the lock; of two at the same moment, the second closes its own.
        DecodedFile opened = opener.open();
        Held other;
        synchronized (files) {
            other = files.get(key);
            Held held = other == null ? new Held(key, opened) : other;
            held.holders++;
            if (other == null) {
                files.put(key, held);
                return held;
            }
        }
        opened.close();
        return other;
    }

    /**
     * Closes what nobody has, and the rest when it is given back.
     *
     * @throws IOException if a file can't be closed
     */
    @Override
    public void close() throws IOException {
        List<Held> idle;
        synchronized (files) {
            closed = true;
            idle = removeIdle(0);
        }
        closeAll(idle);
    }

    private void giveBack(Held held) throws IOException {
        List<Held> idle;
        synchronized (files) {
            held.holders--;
            idle = removeIdle(closed ? 0 : maxIdle);
        }
        closeAll(idle);
    }

    /** Takes out files that nobody has until so many of them are left, the least recently used first. */
    private List<Held> removeIdle(int left) {
        List<Held> idle = new ArrayList<>();
        for (Held held : files.values()) {
            if (held.holders == 0) {
                idle.add(held);
            }
        }
        List<Held> excess = List.copyOf(idle.subList(0, Math.max(0, idle.size() - left)));
        for (Held held : excess) {
            files.remove(held.key);
        }
        return excess;
    }

    private static void closeAll(List<? extends OpenFiles<?>.Held> held) throws IOException {
        for (OpenFiles<?>.Held each : held) {
            each.file().close();
        }
    }
}
