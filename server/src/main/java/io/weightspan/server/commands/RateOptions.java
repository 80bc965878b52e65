package io.weightspan.server.commands;

import io.weightspan.server.limits.RateLimit;
import io.weightspan.server.limits.RateLimits;
import io.weightspan.server.serve.ServerSettings;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options that say how many requests a server answers, for commands to mix in. */
final class RateOptions {

    @Option(
            names = "--rate-limit-token",
            paramLabel = "N/PERIOD",
            description = "Answer each token so many requests in a time such as 30s, 5m or 1h; more are told to wait."
                    + " Default: any number")
    private @Nullable String token;

    @Option(
            names = "--rate-limit-anonymous",
            paramLabel = "N/PERIOD",
            description = "The same for each address without a token; behind a proxy, see --trusted-proxies.")
    private @Nullable String anonymous;

    /**
     * Adds what the options say.
     *
     * @throws ParameterException if a rate is none
     */
    ServerSettings applyTo(ServerSettings settings, CommandLine command) {
        return settings.withRateLimits(new RateLimits(
                rate(command, "--rate-limit-token", token),
                rate(command, "--rate-limit-anonymous", anonymous)));
    }

    private static Optional<RateLimit> rate(CommandLine command, String option, @Nullable String text) {
        if (text == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(RateLimit.parse(text));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command, option + ": " + e.getMessage(), e);
        }
    }
}
