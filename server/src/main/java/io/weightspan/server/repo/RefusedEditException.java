package io.weightspan.server.repo;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A change of a repository that can't be made as asked, through no fault of the store. */
public final class RefusedEditException extends IOException {

    private static final long serialVersionUID = 1L;

    RefusedEditException(String message) {
        this(message, null);
    }

    RefusedEditException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
