package io.weightspan.server.commands;

import io.weightspan.server.tls.ReloadingIdentity;
import io.weightspan.server.tls.TlsException;
import java.io.Closeable;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options that name a server's certificate and its key, for commands to mix in. */
final class TlsOptions {

    private static final Duration INTERVAL = Duration.ofSeconds(5);

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description = "Serve https with this certificate: a PEM file, the server's own first, then those that lead"
                    + " to its issuer. Needs --tls-key. Both files are read again when they change.")
    private @Nullable Path certificate;

    @Option(
            names = "--tls-key",
            paramLabel = "FILE",
            description = "The certificate's private key: a PEM file, not encrypted.")
    private @Nullable Path key;

    /**
     * What a server shows its clients; closing it stops looking at the files.
     *
     * @param tls what connections begin with; null without TLS
     */
    record Identity(@Nullable ReloadingIdentity tls) implements Closeable {

        @Override
        public void close() {
            if (tls != null) {
                tls.close();
            }
        }
    }

    /**
     * Checks that none or both files are named.
     *
     * @throws ParameterException if one is missing
     */
    void check(CommandLine command) {
        if ((certificate == null) != (key == null)) {
            throw new ParameterException(command, "--tls-cert and --tls-key need each other");
        }
    }

    /**
     * Reads the files, if they are named, and looks at them again every few seconds.
     *
     * @throws TlsException if a file can't be used
     */
    Identity open() throws TlsException {
        if (certificate == null || key == null) {
            return new Identity(null);
        }
        ReloadingIdentity identity = ReloadingIdentity.read(certificate, key);
        identity.watch(INTERVAL);
        return new Identity(identity);
    }
}
