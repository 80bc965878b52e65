package io.weightspan.client.cache;

import io.weightspan.codec.container.Digest;
import java.io.IOException;

/** Says that the bytes offered as an object are not the object: too many, or of another SHA-256. */
public final class WrongObjectException extends IOException {

    private static final long serialVersionUID = 1L;

    private final transient Digest object;

    WrongObjectException(Digest object, String detail) {
        super("object " + object.hex() + ": " + detail);
        this.object = object;
    }

    /** Returns the digest that the bytes should have had. */
    public Digest object() {
        return object;
    }
}
