package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Path;

/** A folder holds something that can't be packed safely: a link out of it, a name that breaks the rules,
 * or what is neither file nor folder. */
public final class UnsafeFileException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param path what was found
     * @param reason why it is refused and what to do, as a clause
     */
    public UnsafeFileException(Path path, String reason) {
        super(path + " is refused: " + requireNonNull(reason, "reason is null"));
    }

    /**
     * Creates the exception for a file whose name breaks a rule.
     *
     * @param cause which says the name and the rule
     */
    public UnsafeFileException(InvalidNameException cause) {
        super(cause.getMessage() + "; rename it", cause);
    }
}
