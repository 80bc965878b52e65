package io.weightspan.server.commands;

import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.ProgressDisplay;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.FileInTheWayException;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.Unpacker;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes the files of a repository into a folder: {@code weightspan unpack}. */
@Command(
        name = "unpack",
        mixinStandardHelpOptions = true,
        description = "Writes the files of a repository into a folder, byte for byte as they were packed.",
        footer = {
            "%nFiles that are there already stay; where one differs, nothing is written without --force.",
            "%nExamples:",
            "  weightspan unpack --store hub models/bert-tuned-1 --to out",
            "  weightspan unpack --store hub models/bert-tuned-1@v1.0 --to out --force"
        })
final class UnpackCommand implements Callable<Integer> {

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private StoreOption store;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    @Option(names = "--to", required = true, paramLabel = "FOLDER", description = "Where to, made if need be.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private Path to;

    @Option(names = "--force", description = "Overwrite files that differ.")
    private boolean force;

    @Option(
            names = "--fidelity",
            defaultValue = Fidelity.EXACT,
            paramLabel = "FIDELITY",
            description = "What to write: 'exact', the files byte for byte.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String fidelity;

    @Parameters(paramLabel = "REPO[@REV]", description = "The repository, and a branch, tag or commit. Default: main.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String revision;

    /** The document that {@code --json} prints. */
    record Document(String repo, String revision, int files, int written, long bytes) {}

    @Override
    public Integer call() throws IOException {
        Fidelity.check(fidelity);
        try (ObjectStore opened = store.open()) {
            Commit commit = Revision.of(revision).in(new Repositories(opened));
            int written;
            try (ProgressDisplay progress = output.progress("unpacking", commit.size())) {
                Unpacker.Overwrite overwrite = force ? Unpacker.Overwrite.REPLACE : Unpacker.Overwrite.REFUSE;
                int jobs = Runtime.getRuntime().availableProcessors();
                written = new Unpacker(opened).unpack(commit, to, overwrite, jobs, progress);
            } catch (FileInTheWayException e) {
                throw new CommandException(
                        ExitStatus.USAGE, e.getMessage() + "; name another folder, or overwrite with --force", e);
            }
            Document document = new Document(
                    commit.repo().toString(), commit.id(), commit.files().size(), written, commit.size());
            if (output.json()) {
                output.printJson(document);
            } else {
                int same = document.files() - written;
                output.out().println("Wrote " + written + (written == 1 ? " file" : " files") + " of "
                        + document.repo() + " to " + to + " (" + HumanSize.of(document.bytes()) + " in all"
                        + (same == 0 ? "" : ", " + same + " there already") + ").");
                output.out().flush();
            }
        }
        return ExitStatus.DONE;
    }
}
