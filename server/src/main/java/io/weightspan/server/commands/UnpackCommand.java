package io.weightspan.server.commands;

import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.ProgressDisplay;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileInTheWayException;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.Unpacker;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes the files of a repository into a folder: {@code weightspan unpack}. */
@Command(
        name = "unpack",
        mixinStandardHelpOptions = true,
        description = "Writes the files of a repository into a folder, byte for byte as they were packed or nearly so.",
        footer = {
            "%nFiles that are there already stay; where one differs, nothing is written without --force.",
            "%nExamples:",
            "  weightspan unpack --store hub models/bert-tuned-1 --to out",
            "  weightspan unpack --store hub models/bert-tuned-1@v1.0 --to out --force",
            "  weightspan unpack --store hub models/bert-tuned-1 --to near --fidelity span"
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
            paramLabel = "FIDELITY",
            description = "What to write: 'exact', the files byte for byte, or nothing where the store has only"
                    + " approximations; 'bounded', those too; 'span', what the first layer of each record tells."
                    + " Default: the best that the store has.")
    private @Nullable String fidelity;

    @Parameters(paramLabel = "REPO[@REV]", description = "The repository, and a branch, tag or commit. Default: main.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String revision;

    /** The document that {@code --json} prints. */
    record Document(String repo, String revision, int files, int written, long bytes) {}

    @Override
    public Integer call() throws IOException {
        Unpacker.View view = view();
        try (ObjectStore opened = store.open()) {
            Commit commit = Revision.of(revision).in(new Repositories(opened));
            check(commit, view);
            int written;
            try (ProgressDisplay progress = output.progress("unpacking", commit.size())) {
                Unpacker.Overwrite overwrite = force ? Unpacker.Overwrite.REPLACE : Unpacker.Overwrite.REFUSE;
                int jobs = Runtime.getRuntime().availableProcessors();
                written = new Unpacker(opened).unpack(commit, view, to, overwrite, jobs, progress);
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

    private Unpacker.View view() {
        return switch (fidelity) {
            case null -> Unpacker.View.STORED;
            case "exact", "bounded" -> Unpacker.View.STORED;
            case "span" -> Unpacker.View.SPAN;
            default ->
                throw new CommandException(
                        ExitStatus.USAGE, "--fidelity takes exact, bounded or span, not '" + fidelity + "'");
        };
    }

    private void check(Commit commit, Unpacker.View view) {
        for (CommitFile file : commit.files()) {
            if ("exact".equals(fidelity) && file.original().isPresent()) {
                throw new CommandException(
                        ExitStatus.DATA_BAD,
                        "the store holds an approximation of " + file.path()
                                + ", not the file itself; leave --fidelity out to take that");
            }
        }
        boolean any = commit.files().stream()
                .anyMatch(file -> file.firstPart().isPresent() || file.original().isPresent());
        if (view == Unpacker.View.SPAN && !any) {
            output.note("no file of " + commit.repo() + " has a first layer: all of them are written as they are");
        }
    }
}
