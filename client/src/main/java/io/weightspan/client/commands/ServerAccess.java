package io.weightspan.client.commands;

import io.weightspan.client.hub.HubOptions;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say who asks a server and which certificate it must show, for commands to mix in. */
final class ServerAccess {

    @Option(
            names = "--token",
            paramLabel = "TOKEN",
            description = "Sent to the server with every request (default: $$WEIGHTSPAN_TOKEN, else $$HF_TOKEN).")
    private @Nullable String token;

    @Option(
            names = "--ca-cert",
            paramLabel = "FILE",
            description = "PEM file of the certificates to trust in place of the machine's (default:"
                    + " $$SSL_CERT_FILE).")
    private @Nullable Path authorities;

    /**
     * Returns options with what these say.
     *
     * @param environment gives the value of an environment variable, or null
     * @throws IllegalArgumentException if the token isn't one
     */
    HubOptions applyTo(HubOptions options, UnaryOperator<@Nullable String> environment) {
        String variable = firstOf(environment.apply("WEIGHTSPAN_TOKEN"), environment.apply("HF_TOKEN"));
        String file = firstOf(environment.apply("SSL_CERT_FILE"), null);
        Path named = file == null ? null : Path.of(file);
        return options.withToken(token == null ? variable : token)
                .withAuthorities(authorities == null ? named : authorities);
    }

    private static @Nullable String firstOf(@Nullable String first, @Nullable String second) {
        return first != null && !first.isEmpty() ? first : second == null || second.isEmpty() ? null : second;
    }
}
