package io.weightspan.server.repo;

import java.io.IOException;
import java.nio.file.Path;

/** A file was written to while it was being packed. */
public final class FileChangedException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param file the file
     */
    public FileChangedException(Path file) {
        super(file + " changed while it was being packed; pack again when nobody writes to it");
    }
}
