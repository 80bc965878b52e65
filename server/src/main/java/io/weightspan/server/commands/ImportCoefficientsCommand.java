package io.weightspan.server.commands;

import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.server.repo.CoefficientImporter;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a model of coefficients trained in a family's directions: {@code weightspan import-coefficients}. */
@Command(
        name = "import-coefficients",
        mixinStandardHelpOptions = true,
        description = "Makes a model of coefficients that were trained in a family's directions.",
        footer = {
            "%nFILE holds SLOT.coefficients, F32 [k, l], for tensors that 'export-basis' has listed, and may hold whole"
                    + " tensors by the base's names. All others are the base's. The result is base + left^T . C ."
                    + " right, computed as basis.json says and rounded to the base's dtype, and is stored as any other"
                    + " model, byte for byte.",
            "%nWhere FILE's metadata has 'weightspan.basis', as basis.json gives it, it is compared with the family's"
                    + " basis.",
            "%nExamples:",
            "  weightspan import-coefficients --store hub --family models --to models/new trained.safetensors",
            "  weightspan import-coefficients --store hub --family models --to models/new \\",
            "      --config-from models/tuned-1 trained.safetensors"
        })
final class ImportCoefficientsCommand implements Callable<Integer> {

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private StoreOption store;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    @Option(
            names = "--family",
            required = true,
            paramLabel = "FAMILY",
            description = "The family whose directions the coefficients are of.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String family;

    @Option(names = "--to", required = true, paramLabel = "REPO", description = "The repository to make.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String to;

    @Option(
            names = "--config-from",
            paramLabel = "REPO[@REV]",
            description = "A model whose other files the new one gets: configuration, tokenizer. Default: none.")
    private @Nullable String configFrom;

    @Option(names = "--force", description = "Add a commit to a repository that is there and has other files.")
    private boolean force;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private JobsOption jobs;

    @Parameters(paramLabel = "FILE", description = "The coefficients, in safetensors.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private Path file;

    /** The document that {@code --json} prints. */
    record Document(
            String repo,
            String revision,
            long bytes,
            long storedBytes,
            boolean changed,
            String message,
            int slots,
            int replaced,
            int kept) {}

    @Override
    public Integer call() throws IOException {
        int threads = jobs.count();
        if (!Files.isRegularFile(file)) {
            throw new CommandException(ExitStatus.USAGE, "there is no file " + file);
        }
        RepoId target = RepoId.of(to);
        try (ObjectStore opened = store.open()) {
            Optional<Commit> config = configFrom == null
                    ? Optional.empty()
                    : Optional.of(Revision.of(configFrom).in(new Repositories(opened)));
            CoefficientImporter.Request request = new CoefficientImporter.Request(
                    family, target, file, config, System.getProperty("user.name", ""), threads, force);
            CoefficientImporter.Imported imported;
            try (PackProgress progress = new PackProgress(output)) {
                imported = new CoefficientImporter(opened).run(request, progress);
            }
            report(imported);
        }
        return ExitStatus.DONE;
    }

    private void report(CoefficientImporter.Imported imported) {
        Commit commit = imported.repo().commit();
        if (output.json()) {
            output.printJson(new Document(
                    commit.repo().toString(),
                    commit.id(),
                    commit.size(),
                    commit.storedSize(),
                    imported.repo().changed(),
                    commit.message(),
                    imported.slots(),
                    imported.replaced(),
                    imported.kept()));
        } else {
            output.out().println((imported.repo().changed() ? "Made " : "Unchanged: ") + commit.repo() + " of "
                    + imported.slots() + " tensors' coefficients, " + imported.replaced() + " whole tensors and "
                    + imported.kept() + " of the base: " + HumanSize.of(commit.size()) + " in "
                    + HumanSize.of(commit.storedSize()) + ", revision " + commit.id().substring(0, 12) + ".");
            output.out().flush();
        }
    }
}
