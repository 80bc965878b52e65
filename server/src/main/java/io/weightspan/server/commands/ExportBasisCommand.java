package io.weightspan.server.commands;

import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.ProgressDisplay;
import io.weightspan.server.repo.BasisExporter;
import io.weightspan.server.repo.FamilyBasis;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a family's directions for training: {@code weightspan export-basis}. */
@Command(
        name = "export-basis",
        mixinStandardHelpOptions = true,
        description = "Writes the directions that a family shares, for training in the space that they span.",
        footer = {
            "%n" + BasisExporter.TENSORS + " holds SLOT.left [k, m] and SLOT.right [l, n] in F32, absent where that"
                    + " side is the identity; " + BasisExporter.DESCRIPTION + " tells shapes, the order of arithmetic"
                    + " and the base. Train C [k, l] for each slot: the tensor is base + left^T . C . right. Give"
                    + " SLOT.coefficients to 'import-coefficients'. The basis is the one that most records at the heads"
                    + " of main branches use; of a basis that has grown all directions are written.",
            "%nExamples:",
            "  weightspan export-basis --store hub models --to basis",
            "  weightspan export-basis --store hub models --to basis --json | jq '.slots[0]'"
        })
final class ExportBasisCommand implements Callable<Integer> {

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private StoreOption store;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    @Option(names = "--to", required = true, paramLabel = "FOLDER", description = "Where to, made if need be.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private Path to;

    @Parameters(paramLabel = "FAMILY", description = "The family, as 'list' names it.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String family;

    @Override
    public Integer call() throws IOException {
        try (ObjectStore opened = store.open();
                FamilyBasis basis = FamilyBasis.open(opened, family)) {
            BasisExporter.Description written;
            try (ProgressDisplay progress = output.progress("exporting", BasisExporter.bytes(basis))) {
                written = BasisExporter.export(family, basis, to, progress);
            } catch (FileAlreadyExistsException e) {
                throw new CommandException(
                        ExitStatus.USAGE, e.getMessage() + " is there already; name another folder", e);
            }
            if (output.json()) {
                output.printJson(written);
            } else {
                written.leftOut().forEach(left -> output.note("left out: " + left));
                output.out().println("Wrote the directions of " + written.slots().size() + " tensors of " + family
                        + " to " + to + ": " + HumanSize.of(BasisExporter.bytes(basis)) + ".");
                output.out().flush();
            }
        }
        return ExitStatus.DONE;
    }
}
