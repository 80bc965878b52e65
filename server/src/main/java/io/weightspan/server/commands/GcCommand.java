package io.weightspan.server.commands;

import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.TextTable;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.repo.GarbageCollector;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Deletes what no branch and no tag reaches any more: {@code weightspan gc}. */
@Command(
        name = "gc",
        mixinStandardHelpOptions = true,
        description = "Deletes objects that no branch and no tag has reached for a while.",
        footer = {
            "%nA run marks the objects that it finds unreachable; a later run deletes those whose mark is as old as"
                    + " --grace says. So run it regularly, such as once a day. Nothing goes that a reachable file"
                    + " needs to be decoded, and nothing at all if something reachable is damaged or missing: the"
                    + " message names it, and the exit status is 1.",
            "%nIt works beside servers and packs on any number of machines, as long as their clocks agree within"
                    + " minutes. A pack that takes longer than --grace may fail; run it again then.",
            "%nWARNING: with --grace 0 everything unreachable goes at once, what others are just storing included."
                    + " With less than 10m, a store in a folder is only worked on while nobody writes to it; in a"
                    + " bucket nobody can tell, so be sure that nobody does.",
            "%nExamples:",
            "  weightspan gc --store hub --dry-run",
            "  weightspan gc --store hub",
            "  weightspan gc --store s3://bucket/hub --grace 7d --json | jq .removed_bytes"
        })
final class GcCommand implements Callable<Integer> {

    private static final int DIGITS = 16;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private StoreOption store;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private JobsOption jobs;

    @Option(names = "--dry-run", description = "Only tell what would be removed now; changes nothing.")
    private boolean dryRun;

    @Option(
            names = "--grace",
            paramLabel = "TIME",
            converter = GraceConverter.class,
            description = "How long an object must have been known to be unreachable: such as 90m, 36h, 7d or PT36H."
                    + " Make it longer than any pack or upload takes. Default: 24h.")
    private Duration grace = GarbageCollector.DEFAULT_GRACE;

    /**
     * The document that {@code --json} prints.
     *
     * @param removed what was removed; with {@code dry_run} what would have been
     */
    record Document(
            long objects,
            long bytes,
            long unreachable,
            long unreachableBytes,
            long removed,
            long removedBytes,
            boolean dryRun,
            List<Row> unreachableObjects) {}

    /** An object that nothing reaches. */
    record Row(
            String object, long bytes, @Nullable String since, boolean removed) {}

    @Override
    public Integer call() throws IOException {
        GarbageCollector.Report report;
        try (ObjectStore opened = store.open();
                PackProgress progress = new PackProgress(output)) {
            GarbageCollector.Request request = new GarbageCollector.Request(grace, dryRun, jobs.count());
            report = new GarbageCollector(opened).run(request, progress);
        }
        if (output.json()) {
            output.printJson(document(report));
        } else {
            print(report);
        }
        return ExitStatus.DONE;
    }

    private Document document(GarbageCollector.Report report) {
        return new Document(
                report.objects(),
                report.bytes(),
                report.unreachable().size(),
                report.unreachableBytes(),
                report.removed().size(),
                report.removedBytes(),
                dryRun,
                report.unreachable().stream()
                        .map(one -> new Row(
                                one.object().hex(),
                                one.size(),
                                one.since().map(Instant::toString).orElse(null),
                                one.removed()))
                        .toList());
    }

    private void print(GarbageCollector.Report report) {
        if (dryRun && !report.unreachable().isEmpty()) {
            TextTable table = new TextTable("UNREACHABLE", ">SIZE", "SINCE", "");
            for (GarbageCollector.Unreachable one : report.unreachable()) {
                table.row(
                        shortName(one.object()),
                        HumanSize.of(one.size()),
                        one.since().map(since -> since.truncatedTo(ChronoUnit.SECONDS).toString()).orElse("now"),
                        one.removed() ? "would be removed" : "stays for now");
            }
            table.print(output.out());
        }
        int waiting = report.unreachable().size() - report.removed().size();
        String looked = " of " + counted(report.objects()) + ", "
                + HumanSize.of(report.bytes());
        output.out().println((dryRun ? "Would remove " : "Removed ") + report.removed().size() + looked + ": "
                + HumanSize.of(report.removedBytes()) + ".");
        if (waiting > 0) {
            output.out().println(counted(waiting) + " more, "
                    + HumanSize.of(report.unreachableBytes() - report.removedBytes())
                    + ", will go when they have been unreachable for long enough; run gc again then.");
        }
        output.out().flush();
    }

    private static String counted(long objects) {
        return objects + (objects == 1 ? " object" : " objects");
    }

    private static String shortName(Digest object) {
        return object.hex().substring(0, DIGITS);
    }
}
