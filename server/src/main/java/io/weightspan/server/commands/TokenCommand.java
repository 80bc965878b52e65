package io.weightspan.server.commands;

import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.TextTable;
import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.NewToken;
import io.weightspan.server.auth.Role;
import io.weightspan.server.auth.Scope;
import io.weightspan.server.auth.TokenFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code weightspan token}: makes, lists and revokes the tokens that a server goes by. */
@Command(
        name = "token",
        mixinStandardHelpOptions = true,
        description = "Makes, lists and revokes the tokens that 'weightspan serve --tokens' goes by.",
        subcommands = {TokenCommand.Create.class, TokenCommand.Show.class, TokenCommand.Revoke.class},
        footerHeading = "%nExamples:%n",
        footer = {
            "  weightspan token create --tokens tokens.json --role write --scope team ann",
            "  weightspan token create --tokens tokens.json --role read --scope team/secret --expires 90d ci",
            "  weightspan token list --tokens tokens.json",
            "  weightspan token revoke --tokens tokens.json ci",
            "",
            "The file holds hashes: a token is shown once, when it is made. Running servers read a changed file."
        })
final class TokenCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private CommandSpec spec;

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "say what to do: create, list or revoke");
    }

    /** The option that names the file, for the subcommands to mix in. */
    static final class FileOption {

        @Option(
                names = "--tokens",
                required = true,
                paramLabel = "FILE",
                description = "The file of tokens; 'create' makes it where it isn't there.")
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private Path path;

        TokenFile file() {
            return new TokenFile(path);
        }
    }

    /** One token as {@code --json} prints it. */
    record Row(
            String name,
            String user,
            String role,
            List<String> scopes,
            String created,
            @Nullable String expires,
            boolean expired,
            @Nullable String token) {

        static Row of(AccessToken token, @Nullable String secret) {
            return new Row(
                    token.name(),
                    token.user(),
                    token.role().toString(),
                    token.scopes().stream().map(Scope::text).toList(),
                    token.created().toString(),
                    token.expires().map(Instant::toString).orElse(null),
                    token.isExpired(Instant.now()),
                    secret);
        }
    }

    /** Makes a token and prints it, and nothing else, on standard output. */
    @Command(name = "create", mixinStandardHelpOptions = true, description = "Makes a token and prints it, once.")
    static final class Create implements Callable<Integer> {

        private static final Pattern SPAN = Pattern.compile("([1-9][0-9]{0,5})([hd])");

        @Spec
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private CommandSpec spec;

        @Mixin
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private FileOption tokens;

        @Mixin
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private OutputOptions output;

        @Option(names = "--role", paramLabel = "ROLE", defaultValue = "read",
                description = "read, write or admin. Default: ${DEFAULT-VALUE}")
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private String role;

        @Option(names = "--scope", paramLabel = "SCOPE",
                description = "A namespace, a repository NAMESPACE/NAME, or * for all; may be given again."
                        + " Default: the namespace of the user's name.")
        private List<String> scopes = List.of();

        @Option(names = "--user", paramLabel = "USER",
                description = "Who bears it: the author of its commits. Default: the token's name.")
        private @Nullable String user;

        @Option(names = "--expires", paramLabel = "SPAN",
                description = "From when on it is worth nothing: 12h or 90d from now. Default: never.")
        private @Nullable String expires;

        @Parameters(paramLabel = "NAME", description = "What to call the token.")
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private String name;

        @Override
        public Integer call() throws IOException {
            String secret = NewToken.create();
            AccessToken token;
            try {
                String bearer = TokenFile.checkName(user == null ? name : user);
                List<Scope> where = scopes.isEmpty()
                        ? List.of(new Scope(bearer))
                        : scopes.stream().map(Scope::new).toList();
                Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
                token = new AccessToken(
                        TokenFile.checkName(name), bearer, Role.of(role), where, NewToken.hash(secret), now, end(now));
                tokens.file().change(all -> {
                    if (all.stream().anyMatch(other -> other.name().equals(name))) {
                        throw new IllegalArgumentException(
                                "there is a token '" + name + "' already; revoke it first or choose another name");
                    }
                    all.add(token);
                });
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
            }
            if (output.json()) {
                output.printJson(Row.of(token, secret));
            } else {
                output.note("token '" + name + "' of " + token.user() + " may " + token.role() + " "
                        + scopes(token) + "; this is the only time that it is shown:");
                output.out().println(secret);
                output.out().flush();
            }
            return ExitStatus.DONE;
        }

        private Optional<Instant> end(Instant now) {
            if (expires == null) {
                return Optional.empty();
            }
            Matcher span = SPAN.matcher(expires);
            if (!span.matches()) {
                throw new IllegalArgumentException("--expires needs hours or days, such as 12h or 90d");
            }
            long number = Long.parseLong(span.group(1));
            return Optional
                    .of(now.plus(span.group(2).equals("h") ? Duration.ofHours(number) : Duration.ofDays(number)));
        }
    }

    /** Lists the tokens. */
    @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists the tokens.")
    static final class Show implements Callable<Integer> {

        @Mixin
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private FileOption tokens;

        @Mixin
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private OutputOptions output;

        @Override
        public Integer call() throws IOException {
            List<AccessToken> all = tokens.file().read();
            if (output.json()) {
                output.printJson(all.stream().map(token -> Row.of(token, null)).toList());
                return ExitStatus.DONE;
            }
            TextTable table = new TextTable("NAME", "USER", "ROLE", "SCOPES", "CREATED", "EXPIRES");
            Instant now = Instant.now();
            for (AccessToken token : all) {
                String end = token.expires().map(Instant::toString).orElse("never");
                table.row(
                        token.name(),
                        token.user(),
                        token.role().toString(),
                        scopes(token),
                        token.created().toString(),
                        token.isExpired(now) ? end + " (expired)" : end);
            }
            table.print(output.out());
            output.out().flush();
            return ExitStatus.DONE;
        }
    }

    /** Takes a token away. */
    @Command(name = "revoke", mixinStandardHelpOptions = true, description = "Takes a token away.")
    static final class Revoke implements Callable<Integer> {

        @Spec
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private CommandSpec spec;

        @Mixin
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private FileOption tokens;

        @Parameters(paramLabel = "NAME", description = "The token's name.")
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private String name;

        @Override
        public Integer call() throws IOException {
            try {
                tokens.file().change(all -> {
                    if (!all.removeIf(token -> token.name().equals(name))) {
                        throw new IllegalArgumentException("there is no token '" + name + "'");
                    }
                });
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
            }
            return ExitStatus.DONE;
        }
    }

    private static String scopes(AccessToken token) {
        return token.scopes().stream().map(Scope::text).collect(Collectors.joining(", "));
    }
}
