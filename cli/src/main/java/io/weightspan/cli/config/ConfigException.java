package io.weightspan.cli.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A configuration file that can't be used; the message names it and, where there is one, the line. */
final class ConfigException extends Exception {

    private static final long serialVersionUID = 1L;

    ConfigException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    ConfigException(Path file, int line, String problem, @Nullable Throwable cause) {
        super(file + ":" + line + ": " + problem, cause);
    }
}
