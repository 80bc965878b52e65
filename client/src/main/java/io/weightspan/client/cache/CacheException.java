package io.weightspan.client.cache;

import java.io.IOException;
import java.nio.file.Path;

/** Says that the cache's disk failed, or is full, which no other server and no further attempt changes. */
public final class CacheException extends IOException {

    private static final long serialVersionUID = 1L;

    CacheException(Path file, IOException cause) {
        super("the cache cannot write " + file + ": " + cause.getMessage()
                + "; make room there or choose another folder with --cache", cause);
    }
}
