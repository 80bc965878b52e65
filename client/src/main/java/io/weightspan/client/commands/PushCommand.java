package io.weightspan.client.commands;

import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.TextTable;
import io.weightspan.client.hub.HubOptions;
import io.weightspan.client.hub.HubWriter;
import io.weightspan.client.hub.LocalFiles;
import io.weightspan.client.hub.PushRequest;
import io.weightspan.client.hub.PushResult;
import io.weightspan.client.hub.RepoName;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sends a folder to a hub: {@code weightspan push URL REPO DIR}. */
@Command(name = "push", mixinStandardHelpOptions = true, sortOptions = false, description = {
    "Sends the files of a folder to a repo of a hub, by one commit.",
    "What the hub has already is not sent. Files that the folder lacks stay in the repo."},
        footer = {
            "", "Examples:", "  weightspan push http://localhost:8640 team/adapter adapter",
            "  weightspan push https://hub.internal team/adapter@dev adapter --message 'Longer training'",
            "  weightspan push http://localhost:8640 team/secret model --private --exclude '**.pt'",
            "  weightspan push http://localhost:8640 team/adapter adapter --dry-run",
            "", "A glob is of the path below the folder: '*.json' is those of the folder itself, '**.json' all."})
final class PushCommand implements Callable<Integer> {

    @Parameters(index = "0", paramLabel = "URL", description = "The hub, such as http://localhost:8640.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private URI server;

    @Parameters(index = "1", paramLabel = "REPO[@BRANCH]",
            description = "The repo, and a branch of it (default: main); made where they aren't there.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String repo;

    @Parameters(index = "2", paramLabel = "DIR", description = "The folder.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private Path directory;

    @Option(names = "--message", paramLabel = "TEXT", description = "Why the commit is made.")
    private @Nullable String message;

    @Option(names = "--private", description = "Make the repo private, where it isn't there yet.")
    private boolean isPrivate;

    @Option(names = "--include", paramLabel = "GLOB", description = "Send only files that match; may be given again.")
    private List<String> include = List.of();

    @Option(names = "--exclude", paramLabel = "GLOB",
            description = "Leave files out that match; may be given again. What git and the Hub's client"
                    + " keep for themselves (.git, .cache/huggingface) is never sent.")
    private List<String> exclude = List.of();

    @Option(names = "--dry-run", description = "Only tell what would be sent.")
    private boolean dryRun;

    @Mixin
    private final ServerAccess access = new ServerAccess();

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    @Override
    public Integer call() throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new CommandException(ExitStatus.USAGE, directory + " is no folder");
        }
        PushRequest push = Usage.of(this::request);
        if (push.files().files().isEmpty()) {
            throw new CommandException(ExitStatus.USAGE, "there is nothing to send in " + directory);
        }
        long start = System.nanoTime();
        try (HubWriter hub =
                Usage.of(() -> HubWriter.open(server, access.applyTo(HubOptions.defaults(), System::getenv)))) {
            PushResult result;
            try (Bars bars = new Bars(output)) {
                result = hub.push(push, bars);
            }
            report(result, System.nanoTime() - start);
        }
        return ExitStatus.DONE;
    }

    private PushRequest request() throws IOException {
        RepoName name = RepoName.parse(repo);
        LocalFiles files = LocalFiles.find(directory, include, exclude);
        int count = files.files().size();
        String why = message == null || message.isBlank()
                ? "Upload " + (count == 1 ? files.files().getFirst().path() : count + " files")
                : message;
        return new PushRequest(name, files, why, isPrivate, dryRun);
    }

    private void report(PushResult result, long nanos) {
        if (isPrivate && !result.isNewRepo()) {
            output.note(result.target().repo() + " was there already: --private does not change who sees it");
        }
        if (output.json()) {
            output.printJson(new Report(result.target().repo(), result.target().revision(), result.commit(),
                    result.isNewRepo(), dryRun, result.sentBytes(),
                    result.files().stream().map(PushCommand::file).toList()));
            return;
        }
        TextTable table = new TextTable("file", ">bytes", "");
        for (PushResult.Pushed file : result.files()) {
            table.row(file.path(), HumanSize.of(file.size()), outcome(file));
        }
        table.print(output.out());
        String sent = HumanSize.of(result.sentBytes());
        if (dryRun) {
            output.out().println("would send " + sent + " to " + result.target());
        } else if (result.files().stream().noneMatch(PushCommand::isNew)) {
            output.out().println(result.target() + " has all of it already" + at(result));
        } else {
            output.out().println(result.target() + at(result) + ": sent " + sent + " in " + HumanSize.time(nanos));
        }
        output.out().flush();
    }

    private static String at(PushResult result) {
        String commit = result.commit();
        return commit.isEmpty() ? "" : " at " + commit.substring(0, Math.min(12, commit.length()));
    }

    private static boolean isNew(PushResult.Pushed file) {
        return file.outcome() == PushResult.Outcome.SENT || file.outcome() == PushResult.Outcome.NAMED;
    }

    private static String outcome(PushResult.Pushed file) {
        return file.outcome().name().toLowerCase(Locale.ROOT);
    }

    private static ReportFile file(PushResult.Pushed file) {
        return new ReportFile(file.path(), file.size(), file.sha256(), outcome(file));
    }

    private record Report(String repo, String branch, String commit, boolean newRepo, boolean dryRun,
            long sentBytes, List<ReportFile> files) {}

    private record ReportFile(String path, long bytes, String sha256, String outcome) {}
}
