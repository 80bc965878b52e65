package io.weightspan.server.xet;

import java.io.IOException;

/** What was sent is no xorb or no shard, or they don't fit together. */
final class XetFormatException extends IOException {

    private static final long serialVersionUID = 1L;

    XetFormatException(String message) {
        super(message);
    }

    XetFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
