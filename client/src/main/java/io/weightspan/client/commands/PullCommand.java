package io.weightspan.client.commands;

import io.weightspan.cli.ByteSize;
import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.TextTable;
import io.weightspan.client.hub.FetchResult;
import io.weightspan.client.hub.HubClient;
import io.weightspan.client.hub.HubException;
import io.weightspan.client.hub.HubOptions;
import io.weightspan.client.hub.Manifest;
import io.weightspan.client.hub.RepoName;
import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Fetches a repo from a server, decoding it on this side: {@code weightspan pull URL REPO --to DIR}. */
@Command(name = "pull", mixinStandardHelpOptions = true, sortOptions = false, description = {
    "Fetches a repo from a Weightspan server and writes its files, byte for byte.",
    "Only small records cross the network; what they build on is kept in the cache."},
        footer = {
            "", "Examples:", "  weightspan pull http://localhost:8640 team/adapter --to adapter",
            "  weightspan pull http://localhost:8640 team/adapter@v2 --to adapter --force --json",
            "  weightspan pull http://localhost:8640 team/adapter --to adapter --fidelity span",
            "  weightspan pull https://hub.internal team/adapter --to adapter --ca-cert authority.pem"})
final class PullCommand implements Callable<Integer> {

    private static final String EXACT = "exact";
    private static final String SPAN = "span";

    @Parameters(index = "0", paramLabel = "URL", description = "The server, such as http://localhost:8640.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private URI server;

    @Parameters(index = "1", paramLabel = "REPO[@REV]", description = "The repo, and a branch, tag or commit of it.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String repo;

    @Option(names = "--to", required = true, paramLabel = "DIR", description = "Where the files go; created if needed.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private Path directory;

    @Option(names = "--fidelity", paramLabel = "exact|span", description = {
        "exact: refuse what the server holds an approximation of.",
        "span: only the first layer of each record, which is near the file and a fraction of its bytes.",
        "Default: the best that the server has."})
    private @Nullable String fidelity;

    @Option(names = "--cache", paramLabel = "DIR",
            description = "Where records and bases are kept (default: $$WEIGHTSPAN_CACHE, else ~/.cache/weightspan).")
    private @Nullable Path cache;

    @Option(names = "--cache-limit", paramLabel = "SIZE",
            description = "Evict what was not used for the longest time beyond this, such as 20GB (default: no limit).")
    private @Nullable String cacheLimit;

    @Option(names = "--force", description = "Overwrite files that differ.")
    private boolean force;

    @Mixin
    private final ServerAccess access = new ServerAccess();

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    @Override
    public Integer call() throws IOException {
        checkFidelity();
        RepoName name = Usage.of(() -> RepoName.parse(repo));
        HubOptions options = Usage.of(this::options);
        try (HubClient hub = Usage.of(() -> HubClient.open(server, options))) {
            long start = System.nanoTime();
            Manifest manifest = view(hub.resolve(name));
            FetchResult result;
            try (Bars bars = new Bars(output)) {
                result = hub.fetch(manifest, directory, force, bars);
            } catch (HubException e) {
                if (e.kind() != HubException.Kind.FILE_EXISTS) {
                    throw e;
                }
                throw new CommandException(ExitStatus.USAGE, e.getMessage() + "; --force overwrites", e);
            }
            report(result, System.nanoTime() - start);
        }
        return ExitStatus.DONE;
    }

    private void checkFidelity() {
        if (fidelity != null && !fidelity.equals(SPAN) && !fidelity.equals(EXACT)) {
            throw new CommandException(ExitStatus.USAGE, "--fidelity takes exact or span, not '" + fidelity + "'");
        }
    }

    /** The files as they are wanted. */
    private Manifest view(Manifest manifest) {
        if (SPAN.equals(fidelity)) {
            boolean any = manifest.files().stream()
                    .anyMatch(file -> file.layer().isPresent() || file.original().isPresent());
            if (!any) {
                output.note("no file of " + manifest.repo() + " has a first layer: all of them come as they are");
            }
            return manifest.atSpan();
        }
        for (Manifest.File file : manifest.files()) {
            if (EXACT.equals(fidelity) && file.original().isPresent()) {
                throw new CommandException(ExitStatus.DATA_BAD, "the server holds an approximation of " + file.path()
                        + ", not the file itself; leave --fidelity out to take that");
            }
        }
        return manifest;
    }

    private HubOptions options() {
        HubOptions options = access.applyTo(HubOptions.defaults(), System::getenv);
        if (cache != null) {
            options = options.withCacheDirectory(cache);
        }
        return cacheLimit == null ? options : options.withCacheLimit(ByteSize.parse(cacheLimit));
    }

    private void report(FetchResult result, long nanos) {
        Manifest manifest = result.manifest();
        if (output.json()) {
            output.printJson(new Report(manifest.repo(), manifest.revision(), manifest.family(),
                    result.directory().toString(), result.bytes(), result.downloadedBytes(), result.cachedBytes(),
                    result.files().stream().map(PullCommand::file).toList()));
            return;
        }
        TextTable table = new TextTable("file", ">bytes", "");
        for (FetchResult.Written written : result.files()) {
            table.row(written.file().path(), HumanSize.of(written.file().size()),
                    written.outcome().name().toLowerCase(Locale.ROOT));
        }
        table.print(output.out());
        output.out().printf("%s at %s: %s in %s, every byte checked%s; downloaded %s, %s from the cache, in %s%n",
                manifest.repo(), manifest.revision().substring(0, 12), HumanSize.of(result.bytes()),
                result.directory(), isApproximation(manifest) ? ", approximations of the files" : "",
                HumanSize.of(result.downloadedBytes()), HumanSize.of(result.cachedBytes()),
                HumanSize.time(nanos));
        output.out().flush();
    }

    private static boolean isApproximation(Manifest manifest) {
        return manifest.files().stream().anyMatch(file -> file.original().isPresent());
    }

    private static ReportFile file(FetchResult.Written written) {
        Manifest.File file = written.file();
        return new ReportFile(file.path(), file.size(), file.objectSize(), file.sha256().hex(),
                file.original().map(Digest::hex).orElse(null), written.outcome().name().toLowerCase(Locale.ROOT));
    }

    private record Report(String repo, String revision, String family, String directory, long bytes,
            long downloadedBytes, long cachedBytes, List<ReportFile> files) {}

    private record ReportFile(String path, long bytes, long storedBytes, String sha256, @Nullable String originalSha256,
            String outcome) {}
}
