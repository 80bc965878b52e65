package io.weightspan.server.repo;

import java.io.IOException;
import java.nio.file.Path;

/** Something is where a file is to be written, and must stay. */
public final class FileInTheWayException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param path where the file was to be written
     * @param reason what is there, as a clause
     */
    public FileInTheWayException(Path path, String reason) {
        super(path + " is not overwritten: " + reason);
    }
}
