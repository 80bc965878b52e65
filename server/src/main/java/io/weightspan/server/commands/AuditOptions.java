package io.weightspan.server.commands;

import io.weightspan.server.serve.ServerSettings;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that names a server's audit log, for commands to mix in. */
final class AuditOptions {

    @Option(
            names = "--audit-log",
            paramLabel = "FILE",
            description = "Append a line of JSON to this file for every request that writes, refused ones too, before"
                    + " it is answered. Where that fails, the answer is 503. A file that was moved is begun anew.")
    private @Nullable Path file;

    /** Returns settings with the file, if one is named. */
    ServerSettings applyTo(ServerSettings settings) {
        return file == null ? settings : settings.withAuditLog(file);
    }
}
