package io.weightspan.server.repo;

import java.io.IOException;

/** Bytes that arrived aren't those that were announced. */
public final class WrongContentException extends IOException {

    private static final long serialVersionUID = 1L;

    WrongContentException(String message) {
        super(message);
    }
}
