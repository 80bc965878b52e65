package io.weightspan.server.store;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What sessions of all stores have in common: scratch files on this machine, the objects that were added, and marks.
 * Safe for several threads.
 */
public abstract class ScratchSession implements StoreSession {

    private final GcMarks marks;
    private final Scratch scratch;
    private final List<Digest> added = Collections.synchronizedList(new ArrayList<>());
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * Begins a session.
     *
     * @param store where objects are added
     * @param scratch where files are prepared; this takes it over
     */
    protected ScratchSession(ObjectStore store, Scratch scratch) {
        this.marks = new GcMarks(store);
        this.scratch = requireNonNull(scratch, "scratch is null");
    }

    @Override
    public final Path newFile() {
        checkOpen();
        return scratch.newFile();
    }

    @Override
    public final boolean keep(Digest digest) throws IOException {
        return keptSize(digest).isPresent();
    }

    @Override
    public final List<Digest> added() {
        synchronized (added) {
            return List.copyOf(added);
        }
    }

    @Override
    public final void close() throws IOException {
        if (closed.compareAndSet(false, true)) {
            try {
                scratch.close();
            } finally {
                end();
            }
        }
    }

    /**
     * Keeps an object.
     *
     * @return its length in bytes, or empty where the store doesn't have it
     * @throws IllegalStateException if the session is closed
     * @throws IOException if the store can't be read or written
     */
    protected final OptionalLong keptSize(Digest digest) throws IOException {
        checkOpen();
        return marks.keptSize(digest);
    }

    /**
     * Checks that the session is open.
     *
     * @throws IllegalStateException if it is closed
     */
    protected final void checkOpen() {
        if (closed.get()) {
            throw new IllegalStateException("the session is closed");
        }
    }

    /** Notes that an object is added that wasn't there. */
    protected final void add(Digest digest) {
        added.add(digest);
    }

    /**
     * Ends what began with the session beside its scratch files; called once.
     *
     * @throws IOException if that fails
     */
    protected abstract void end() throws IOException;
}
