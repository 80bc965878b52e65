package io.weightspan.server.repo;

/** How the bytes of a file are stored. */
public enum FileKind {
    /** The object is the file itself. */
    PLAIN,
    /** The object is a container that decodes to the file. */
    RECORD
}
