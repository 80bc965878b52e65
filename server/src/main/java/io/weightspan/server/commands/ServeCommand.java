package io.weightspan.server.commands;

import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.config.ConfigOptions;
import io.weightspan.cli.config.ConfiguredOptions;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.TokenFile;
import io.weightspan.server.auth.Tokens;
import io.weightspan.server.http.Listen;
import io.weightspan.server.http.TrustedProxies;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.serve.ServerSettings;
import io.weightspan.server.serve.StoreServer;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code weightspan serve}: serves a store until it is told to stop. */
@Command(
        name = "serve",
        description = "Serve the models of a store to Hugging Face clients, 'weightspan pull' and browsers.",
        mixinStandardHelpOptions = true,
        preprocessor = ConfiguredOptions.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  weightspan serve --store models",
            "  HF_ENDPOINT=http://127.0.0.1:8640 hf download NAMESPACE/MODEL",
            "  weightspan serve --store models --listen 0.0.0.0:80 --cache-mb 2048",
            "  weightspan token create --tokens tokens.json --role write --scope team ann",
            "  weightspan serve --store models --tokens tokens.json",
            "  weightspan serve --store models --listen 0.0.0.0:443 --tls-cert chain.pem --tls-key key.pem",
            "",
            "Speaks HTTP/1.1 and HTTP/2, the latter without TLS to clients that begin with it.",
            "Prints 'listening on http://HOST:PORT' on standard output once it answers.",
            "An interrupt or SIGTERM lets running downloads finish for 30 seconds."
        })
final class ServeCommand implements Callable<Integer> {

    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    private static final int MIB = 1 << 20;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private CommandSpec spec;

    @Mixin
    private final StoreOption store = new StoreOption();

    @Mixin
    private final ConfigOptions config = new ConfigOptions();

    @Mixin
    private final TlsOptions tls = new TlsOptions();

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:8640",
            description = "Where to listen; port 0 takes a free one. Default: ${DEFAULT-VALUE}")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String listen;

    @Option(
            names = "--cache-mb",
            paramLabel = "MB",
            defaultValue = "256",
            description = "Memory for decoded parts of small and of shared files. Default: ${DEFAULT-VALUE}")
    private int cacheMib;

    @Option(
            names = "--tokens",
            paramLabel = "FILE",
            description = "Tokens that say who may read what is private, and who may write; 'weightspan token' makes"
                    + " them. A change counts at once. Without it the server is read only.")
    private @Nullable Path tokens;

    @Option(
            names = "--shutdown-delay",
            paramLabel = "SECONDS",
            defaultValue = "0",
            description = "How long to go on as before when told to stop, but for /readyz, which says no: time for a"
                    + " balancer to send its clients elsewhere. Default: ${DEFAULT-VALUE}")
    private int shutdownDelay;

    @Option(
            names = "--no-anonymous-read",
            description = "Let nobody read without a token.")
    private boolean noAnonymousRead;

    @Option(
            names = "--trusted-proxies",
            paramLabel = "NETWORK",
            split = ",",
            description = "Proxies in front of this server, as addresses or networks such as 10.0.0.0/8: of what comes"
                    + " through them, X-Forwarded-For says whose it is, for --rate-limit-anonymous and the logs."
                    + " May be given again.")
    private List<String> trustedProxies = List.of();

    @Mixin
    private final AuditOptions audit = new AuditOptions();

    @Mixin
    private final RateOptions rates = new RateOptions();

    @Mixin
    private final ObservationOptions observation = new ObservationOptions();

    @Option(
            names = "--encoders",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many uploaded weight files to encode at once, beside the requests; 0 leaves them as they"
                    + " came, or to another server of the store. Default: ${DEFAULT-VALUE}")
    private int encoders;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (config.printed(spec)) {
            return ExitStatus.DONE;
        }
        if (noAnonymousRead && tokens == null) {
            throw new ParameterException(spec.commandLine(), "--no-anonymous-read needs --tokens");
        }
        if (cacheMib < 0) {
            throw new ParameterException(spec.commandLine(), "--cache-mb must be at least 0");
        }
        if (encoders < 0) {
            throw new ParameterException(spec.commandLine(), "--encoders must be at least 0");
        }
        if (shutdownDelay < 0) {
            throw new ParameterException(spec.commandLine(), "--shutdown-delay must be at least 0");
        }
        InetSocketAddress address = HostAndPort.parse(spec.commandLine(), "--listen", listen);
        TrustedProxies proxies = proxies();
        tls.check(spec.commandLine());
        CountDownLatch stopped = new CountDownLatch(1);
        try (ObjectStore open = tokens == null ? store.open() : store.openOrCreate();
                TlsOptions.Identity identity = tls.open();
                StoreServer server = StoreServer.start(open, settings(new Listen(address, identity.tls(), proxies)))) {
            server.warmUp();
            Thread hook = Thread.ofPlatform().unstarted(() -> {
                stop(server);
                stopped.countDown();
            });
            Runtime.getRuntime().addShutdownHook(hook);
            var out = spec.commandLine().getOut();
            out.println("listening on " + server.url());
            out.flush();
            var err = spec.commandLine().getErr();
            server.metricsAddress().ifPresent(
                    at -> err.println("metrics at http://" + at.getHostString() + ":" + at.getPort() + "/metrics"));
            err.println("export HF_ENDPOINT=" + server.url());
            err.flush();
            stopped.await();
        }
        return ExitStatus.DONE;
    }

    private TrustedProxies proxies() {
        try {
            return TrustedProxies.of(trustedProxies);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--trusted-proxies: " + e.getMessage(), e);
        }
    }

    private Function<Repositories, Guard> guards() throws IOException {
        if (tokens == null) {
            return Guard::readOnly;
        }
        Tokens known = new Tokens(new TokenFile(tokens), InstantSource.system());
        return repositories -> Guard.of(repositories, known, !noAnonymousRead);
    }

    private ServerSettings settings(Listen listen) throws IOException {
        // A server that nobody writes to leaves its store as it is.
        ServerSettings settings = ServerSettings.of(listen)
                .withCacheBytes((long) cacheMib * MIB)
                .withGuards(guards())
                .withEncoders(tokens == null ? 0 : encoders);
        CommandLine command = spec.commandLine();
        return rates.applyTo(observation.applyTo(audit.applyTo(settings), command), command);
    }

    private void stop(StoreServer server) {
        server.announceStop();
        try {
            TimeUnit.SECONDS.sleep(shutdownDelay);
        } catch (InterruptedException e) {
            // Told to hurry.
            Thread.currentThread().interrupt();
        }
        try {
            server.close();
        } catch (IOException e) {
            LOG.warn("a file could not be closed", e);
        }
    }
}
