package io.weightspan.server.commands;

import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.Verifier;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Decodes everything and compares it with what was packed: {@code weightspan verify}. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = "Decodes every file of every commit and compares it with what was packed.",
        footer = {
            "%nExit status 1 tells that something doesn't verify; it is listed.",
            "%nExamples:",
            "  weightspan verify --store hub",
            "  weightspan verify --store hub models/bert-tuned-1 models/bert-tuned-2"
        })
final class VerifyCommand implements Callable<Integer> {

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private StoreOption store;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    @Parameters(paramLabel = "REPO", description = "The repositories. Default: all.")
    private List<String> repos = List.of();

    /** The document that {@code --json} prints. */
    record Document(int repos, int files, long bytes, boolean verified, List<FailureRow> failures) {}

    /** One thing that doesn't verify. */
    record FailureRow(
            String repo,
            @Nullable String revision,
            @Nullable String path,
            @Nullable String code,
            String error) {}

    @Override
    public Integer call() throws IOException {
        Verifier.Report report;
        try (ObjectStore opened = store.open();
                PackProgress progress = new PackProgress(output)) {
            List<RepoId> chosen = repos.isEmpty()
                    ? new Repositories(opened).list()
                    : repos.stream().map(RepoId::of).distinct().toList();
            report = new Verifier(opened).verify(chosen, Runtime.getRuntime().availableProcessors(), progress);
        }
        List<FailureRow> failures = report.failures().stream().map(VerifyCommand::row).toList();
        if (output.json()) {
            output.printJson(
                    new Document(report.repos(), report.files(), report.bytes(), failures.isEmpty(), failures));
        } else {
            print(report, failures);
        }
        if (failures.isEmpty()) {
            return ExitStatus.DONE;
        }
        boolean onlyBadData = report.failures().stream().allMatch(Verifier.Failure::isBadData);
        return onlyBadData ? ExitStatus.DATA_BAD : ExitStatus.FAILED;
    }

    private static FailureRow row(Verifier.Failure failure) {
        String code = failure.failure() instanceof ContainerException e ? e.code().name() : null;
        return new FailureRow(
                failure.repo().toString(),
                failure.commit().orElse(null),
                failure.path().orElse(null),
                code,
                String.valueOf(failure.failure().getMessage()));
    }

    private void print(Verifier.Report report, List<FailureRow> failures) {
        for (FailureRow failure : failures) {
            String place = failure.path() == null ? failure.repo() : failure.repo() + " " + failure.path();
            output.note("BAD " + place + ": " + failure.error());
        }
        String looked = report.repos() + (report.repos() == 1 ? " repository, " : " repositories, ") + report.files()
                + " files, " + HumanSize.of(report.bytes());
        output.out().println(
                failures.isEmpty()
                        ? "Verified " + looked + ": every byte is as it was packed."
                        : failures.size() + " of what was verified is bad (" + looked + ").");
        output.out().flush();
    }
}
