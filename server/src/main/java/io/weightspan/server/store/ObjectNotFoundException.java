package io.weightspan.server.store;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.IOException;

/** The store has no object of that name. */
public final class ObjectNotFoundException extends IOException {

    private static final long serialVersionUID = 1L;

    private final transient Digest digest;

    /**
     * Creates the exception.
     *
     * @param location where the store is
     * @param digest the object that it lacks
     */
    public ObjectNotFoundException(String location, Digest digest) {
        super("store " + location + " has no object " + requireNonNull(digest, "digest is null").hex());
        this.digest = digest;
    }

    /** Returns the object that the store lacks. */
    public Digest digest() {
        return digest;
    }
}
