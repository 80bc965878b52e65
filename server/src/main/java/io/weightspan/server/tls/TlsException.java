package io.weightspan.server.tls;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A certificate or key that can't be used; the message names its file. */
public final class TlsException extends IOException {

    private static final long serialVersionUID = 1L;

    TlsException(Path file, String problem, @Nullable Throwable cause) {
        super(file + ": " + problem, cause);
    }
}
