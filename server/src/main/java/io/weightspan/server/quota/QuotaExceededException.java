package io.weightspan.server.quota;

import java.io.IOException;

/** A namespace would hold more than it may. */
public final class QuotaExceededException extends IOException {

    private static final long serialVersionUID = 1L;

    QuotaExceededException(String message) {
        super(message);
    }
}
