package io.weightspan.server.repo;

import java.io.IOException;

/** Something of that name is there already. */
public final class ExistsException extends IOException {

    private static final long serialVersionUID = 1L;

    ExistsException(String message) {
        super(message);
    }
}
