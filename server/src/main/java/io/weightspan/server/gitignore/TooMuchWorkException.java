package io.weightspan.server.gitignore;

/** Rules would take too long for the paths that they are compared with. */
public final class TooMuchWorkException extends Exception {

    private static final long serialVersionUID = 1L;

    TooMuchWorkException() {
        super(".gitignore has too many or too long patterns for so many files");
    }
}
