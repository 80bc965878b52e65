package io.weightspan.server.commands;

import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.ProgressDisplay;
import io.weightspan.cli.TextTable;
import io.weightspan.codec.analysis.AnalysisOptions;
import io.weightspan.codec.analysis.CodingGain;
import io.weightspan.codec.analysis.ErrorAtK;
import io.weightspan.codec.analysis.FamilyAnalysis;
import io.weightspan.codec.analysis.FamilyAnalyzer;
import io.weightspan.codec.analysis.FamilyRate;
import io.weightspan.codec.analysis.ProductAnalysis;
import io.weightspan.codec.analysis.SlotAnalysis;
import io.weightspan.server.report.AnalysisPage;
import io.weightspan.server.report.FamilyFiles;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells what the members of a family share: {@code weightspan analyze}. */
@Command(
        name = "analyze",
        mixinStandardHelpOptions = true,
        description = "Tells what the fine-tunes of a family share, and whether a basis pays.",
        footer = {
            "%nEvery fifth fine-tune is held out: what the others share is measured on it. Random tensors of the same"
                    + " shapes and norms, and the fine-tunes with their elements shuffled, show what chance alone"
                    + " would give. Main branches are read; the base is the one that most records name.",
            "%nExamples:",
            "  weightspan analyze --store hub models",
            "  weightspan analyze --store hub models --html models.html",
            "  weightspan analyze --store hub models --json | jq -r .verdict"
        })
final class AnalyzeCommand implements Callable<Integer> {

    /** Rows of the table of slots; the documents have all of them. */
    private static final int SLOTS_SHOWN = 20;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private StoreOption store;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    @Option(
            names = "--html",
            paramLabel = "FILE",
            description = "Write a page with plots that needs nothing else to be read. A file that is there is"
                    + " replaced.")
    private @Nullable Path html;

    @Parameters(paramLabel = "FAMILY", description = "The family, as 'list' names it.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String family;

    @Override
    public Integer call() throws IOException {
        FamilyAnalysis analysis;
        try (ObjectStore opened = store.open();
                FamilyFiles files = FamilyFiles.open(opened, family)) {
            long bytes = files.members().stream().mapToLong(member -> member.file().length()).sum();
            try (ProgressDisplay progress = output.progress("analyze", 2 * bytes)) {
                analysis = FamilyAnalyzer.analyze(
                        family, files.members(), files.base(), AnalysisOptions.defaults(), progress);
            }
            analysis = analysis.withLeftOut(files.leftOut());
        }
        Path page = html;
        if (page != null) {
            Files.writeString(page, AnalysisPage.of(analysis));
        }
        if (output.json()) {
            output.printJson(analysis);
        } else {
            print(analysis);
        }
        return ExitStatus.DONE;
    }

    private void print(FamilyAnalysis analysis) {
        PrintWriter out = output.out();
        out.println("Family " + TextTable.printable(analysis.family()) + ": " + analysis.members() + " members, "
                + analysis.heldOut().size() + " of them held out, " + analysis.slots().size() + " slots, "
                + HumanSize.exact(analysis.weights()) + " weights; differences from "
                + (analysis.base() == null ? "the mean" : analysis.base()));
        out.println();
        out.println(TextTable.printable(analysis.verdict()));
        if (!analysis.rates().isEmpty()) {
            out.println();
            printErrors(analysis);
            out.println();
            printRates(analysis);
            out.println();
            printSlots(analysis);
            if (!analysis.products().isEmpty()) {
                out.println();
                printProducts(analysis);
            }
        }
        for (List<String> group : analysis.clusters().groups()) {
            out.println();
            out.println("Alike (mean cosine at least " + number(analysis.clusters().threshold()) + "): "
                    + TextTable.printable(String.join(", ", group)));
        }
        out.println();
        analysis.notes().forEach(note -> out.println("Note: " + TextTable.printable(note)));
        analysis.leftOut()
                .forEach(left -> out.println("Left out: " + TextTable.printable(left.name() + ": " + left.reason())));
        if (html != null) {
            out.println("The page is in " + html);
        }
        out.flush();
    }

    private void printErrors(FamilyAnalysis analysis) {
        TextTable table = new TextTable(">DIRECTIONS", ">ERROR HELD OUT", ">IN SAMPLE", ">OF RANDOM", ">OF SHUFFLED");
        for (ErrorAtK at : analysis.heldoutError()) {
            Double shuffled = at.shuffledError();
            table.row(
                    Integer.toString(at.k()),
                    number(at.error()),
                    number(at.inSampleError()),
                    number(at.nullError()),
                    shuffled == null ? "-" : number(shuffled));
        }
        table.print(output.out());
    }

    private void printRates(FamilyAnalysis analysis) {
        long members = analysis.members();
        TextTable table = new TextTable(
                ">STEP", ">BITS DIRECT", ">SHARED", ">ERROR DIRECT", ">SHARED", ">BASIS", ">N = " + members + " DIRECT",
                ">SHARED", ">N = " + 10 * members + " DIRECT", ">SHARED");
        for (FamilyRate rate : analysis.rates()) {
            table.row(
                    number(rate.step()),
                    number(rate.direct().bitsPerWeight()),
                    number(rate.shared().bitsPerWeight()),
                    number(rate.direct().error()),
                    number(rate.shared().error()),
                    HumanSize.of(rate.shared().basisBytes()),
                    HumanSize.of(rate.now().direct()),
                    HumanSize.of(rate.now().shared()),
                    HumanSize.of(rate.tenfold().direct()),
                    HumanSize.of(rate.tenfold().shared()));
        }
        table.print(output.out());
    }

    private void printSlots(FamilyAnalysis analysis) {
        List<SlotAnalysis> slots = new ArrayList<>(analysis.slots());
        slots.sort(Comparator.comparingDouble(SlotAnalysis::energyShare).reversed());
        TextTable table = new TextTable(
                "SLOT", "SHAPE", ">ENERGY", ">TURNING GAINS", ">OF NULL", ">DIRECTIONS GAIN", "SHARES", "FORM");
        for (SlotAnalysis slot : slots.subList(0, Math.min(SLOTS_SHOWN, slots.size()))) {
            CodingGain gain = slot.codingGain();
            table.row(
                    slot.name(),
                    slot.shape().stream().map(Object::toString).collect(Collectors.joining("x")),
                    String.format(Locale.ROOT, "%.1f %%", 100 * slot.energyShare()),
                    gain == null ? "-" : number(gain.heldOut()),
                    gain == null ? "-" : number(gain.heldOut() - gain.aboveNull()),
                    number(slot.spanGain()),
                    slot.shares() ? "yes" : "no",
                    slot.form());
        }
        table.print(output.out());
        if (slots.size() > SLOTS_SHOWN) {
            output.out().println("... and " + (slots.size() - SLOTS_SHOWN) + " slots of less energy");
        }
    }

    private void printProducts(FamilyAnalysis analysis) {
        List<ProductAnalysis> products = new ArrayList<>(analysis.products());
        products.sort(Comparator.comparingDouble(ProductAnalysis::energyShare).reversed());
        TextTable table = new TextTable(
                "PRODUCT B A", "SHAPE", ">RANK", ">ENERGY", ">DIRECTIONS", ">ERROR HELD OUT", ">OF RANDOM",
                ">OF SHUFFLED");
        for (ProductAnalysis product : products.subList(0, Math.min(SLOTS_SHOWN, products.size()))) {
            // The number of directions at which the members are furthest below chance.
            ErrorAtK best = product.heldoutError().stream()
                    .max(Comparator.comparingDouble(AnalyzeCommand::belowChance))
                    .orElseThrow();
            Double shuffled = best.shuffledError();
            table.row(
                    product.name(),
                    product.shape().stream().map(Object::toString).collect(Collectors.joining("x")),
                    Integer.toString(product.rank()),
                    String.format(Locale.ROOT, "%.1f %%", 100 * product.energyShare()),
                    Integer.toString(best.k()),
                    number(best.error()),
                    number(best.nullError()),
                    shuffled == null ? "-" : number(shuffled));
        }
        table.print(output.out());
        if (products.size() > SLOTS_SHOWN) {
            output.out().println("... and " + (products.size() - SLOTS_SHOWN) + " products of less energy");
        }
    }

    private static double belowChance(ErrorAtK at) {
        Double shuffled = at.shuffledError();
        double chance = Math.min(at.nullError(), shuffled == null ? 1 : shuffled);
        return chance / Math.max(at.error(), 1e-6);
    }

    private static String number(double x) {
        return String.format(Locale.ROOT, "%.2f", x);
    }
}
