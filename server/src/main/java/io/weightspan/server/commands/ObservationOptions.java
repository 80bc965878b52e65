package io.weightspan.server.commands;

import io.weightspan.server.serve.ServerSettings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options by which operators see what a server does. */
final class ObservationOptions {

    @Option(
            names = "--metrics-listen",
            paramLabel = "HOST:PORT",
            description = "Answer Prometheus at http://HOST:PORT/metrics. Keep it from the public: it tells of private"
                    + " repositories' sizes. Default: nowhere")
    private @Nullable String metrics;

    @Option(
            names = "--access-log",
            description = "Log each request with its id, address, path, status, bytes and seconds; as JSON where"
                    + " WEIGHTSPAN_LOG_FORMAT is 'json'.")
    private boolean accessLog;

    /**
     * Adds what the options say.
     *
     * @throws ParameterException if an address is none
     */
    ServerSettings applyTo(ServerSettings settings, CommandLine command) {
        ServerSettings applied = accessLog ? settings.withAccessLog() : settings;
        return metrics == null
                ? applied
                : applied.withMetrics(HostAndPort.parse(command, "--metrics-listen", metrics));
    }
}
