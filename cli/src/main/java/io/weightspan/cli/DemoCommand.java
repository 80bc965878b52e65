package io.weightspan.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/**
 * Tells the whole story on a small family that comes with the program: {@code weightspan demo}. It calls the other
 * commands as a script would, so it shows nothing that its reader could not do.
 */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Packs a small bundled family of fine-tunes, serves it, pulls it back and compares every byte.",
            "Takes less than a minute and leaves nothing behind."
        },
        footer = {"", "Example:", "  weightspan demo"})
final class DemoCommand implements Callable<Integer> {

    /** Set by the launcher: the folder that it lies in. */
    static final String HOME_PROPERTY = "weightspan.home";

    private static final String BASE = "base-bf16";
    private static final String FAMILY = "vit-fmnist";

    private final DemoRunner commands;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private CommandSpec spec;

    @Option(
            names = "--from",
            paramLabel = "FOLDER",
            description = "A family of your own instead: a folder of model folders, one of them named " + BASE + ".")
    private @Nullable Path from;

    /**
     * Creates the command.
     *
     * @param lines gives a new command line with all commands
     */
    DemoCommand(Supplier<CommandLine> lines) {
        commands = new DemoRunner(lines);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path family = family();
        List<Path> members = members(family);
        Path work = Files.createTempDirectory("weightspan-demo-");
        Thread cleaner = Thread.ofPlatform().unstarted(() -> remove(work));
        Runtime.getRuntime().addShutdownHook(cleaner);
        try {
            tell(family, members, work);
        } finally {
            Runtime.getRuntime().removeShutdownHook(cleaner);
            remove(work);
        }
        return ExitStatus.DONE;
    }

    private void tell(Path family, List<Path> members, Path work) throws IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        String store = work.resolve("store").toString();
        out.println("Weightspan stores many fine-tunes of a model in little more than the space of one.");
        out.println("Here are a model and " + members.size() + " fine-tunes of it, in " + family + ".");
        out.println();
        long start = System.nanoTime();
        List<String> pack = new ArrayList<>(List.of(
                "pack", "--store", store, "--family", FAMILY, "--base", family.resolve(BASE).toString()));
        members.forEach(member -> pack.add(member.toString()));
        Steps steps = new Steps(out);
        steps.begin("pack");
        JsonNode packed = commands.json(pack.toArray(String[]::new));
        long bytes = packed.required("bytes").asLong();
        long stored = packed.required("stored_bytes").asLong();
        steps.end(
                HumanSize.of(bytes) + " became " + HumanSize.of(stored) + " (" + HumanSize.ratio(stored, bytes) + ")");

        Map<String, Long> downloaded;
        steps.begin("serve");
        try (DemoRunner.Serving server = commands.serve("serve", "--store", store, "--listen", "127.0.0.1:0")) {
            steps.end(server.address());
            steps.begin("pull");
            downloaded = pull(packed, server.address(), work);
            long wire = downloaded.values().stream().mapToLong(Long::longValue).sum();
            steps.end(downloaded.size() + " repos, " + HumanSize.of(wire) + " over the network");
        }
        steps.begin("compare");
        List<Path> originals = new ArrayList<>(members);
        originals.add(family.resolve(BASE));
        steps.end(compare(originals, work.resolve("pulled")) + " files, every byte as it was");
        steps.begin("verify");
        commands.json("verify", "--store", store);
        steps.end("every SHA-256 in the store is right");
        out.println("  " + HumanSize.time(System.nanoTime() - start) + " in all");
        out.println();
        table(packed, downloaded).print(out);
        next(out, family);
        out.flush();
    }

    private Map<String, Long> pull(JsonNode packed, String address, Path work) {
        Map<String, Long> downloaded = new HashMap<>();
        for (JsonNode repo : packed.required("repos")) {
            String name = repo.required("repo").asString();
            String folder = name.substring(name.indexOf('/') + 1);
            JsonNode pulled = commands.json("pull", address, name, "--to",
                    work.resolve("pulled").resolve(folder).toString(), "--cache", work.resolve("cache").toString());
            downloaded.put(name, pulled.required("downloaded_bytes").asLong());
        }
        return downloaded;
    }

    private static int compare(List<Path> originals, Path pulled) throws IOException {
        int files = 0;
        for (Path original : originals) {
            Path copy = pulled.resolve(String.valueOf(original.getFileName()));
            List<Path> found = files(original);
            if (found.size() != files(copy).size()) {
                throw new CommandException(ExitStatus.DATA_BAD, copy + " has more or fewer files than " + original);
            }
            for (Path file : found) {
                Path other = copy.resolve(original.relativize(file));
                if (!Files.isRegularFile(other) || Files.mismatch(file, other) != -1) {
                    throw new CommandException(ExitStatus.DATA_BAD, other + " differs from " + file);
                }
                files++;
            }
        }
        return files;
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> found = Files.walk(folder)) {
            return found.filter(Files::isRegularFile).toList();
        }
    }

    private static TextTable table(JsonNode packed, Map<String, Long> downloaded) {
        TextTable table = new TextTable("repo", ">size", ">stored", ">part", ">pulled");
        for (JsonNode repo : packed.required("repos")) {
            String name = repo.required("repo").asString();
            long bytes = repo.required("bytes").asLong();
            long stored = repo.required("stored_bytes").asLong();
            table.row(name, HumanSize.of(bytes), HumanSize.of(stored), HumanSize.ratio(stored, bytes),
                    HumanSize.of(downloaded.getOrDefault(name, 0L)));
        }
        return table;
    }

    private static void next(PrintWriter out, Path family) {
        out.println();
        out.println("Try it on models of your own, or on these:");
        out.println("  ./weightspan pack --store hub --base " + family.resolve(BASE) + " " + family + "/full-*");
        out.println("  ./weightspan serve --store hub");
        out.println("  HF_ENDPOINT=http://127.0.0.1:8640 hf download " + FAMILY + "/full-000");
        out.println("  ./weightspan pull http://127.0.0.1:8640 " + FAMILY + "/full-000 --to full-000");
    }

    private Path family() {
        if (from != null) {
            return from.toAbsolutePath().normalize();
        }
        String home = System.getProperty(HOME_PROPERTY);
        if (home == null) {
            throw new CommandException(ExitStatus.USAGE,
                    "start the demo with the launcher ./weightspan, or name a family with --from");
        }
        return Path.of(home, "demo", FAMILY);
    }

    private static List<Path> members(Path family) throws IOException {
        if (!Files.isDirectory(family.resolve(BASE))) {
            throw new CommandException(ExitStatus.USAGE, "there is no model " + family.resolve(BASE));
        }
        List<Path> members = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(family, Files::isDirectory)) {
            for (Path folder : folders) {
                if (!folder.endsWith(BASE)) {
                    members.add(folder);
                }
            }
        }
        if (members.isEmpty()) {
            throw new CommandException(ExitStatus.USAGE, family + " has no fine-tunes beside " + BASE);
        }
        members.sort(null);
        return members;
    }

    private static void remove(Path folder) {
        try (Stream<Path> found = Files.walk(folder)) {
            for (Path path : found.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            System.getLogger(DemoCommand.class.getName())
                    .log(System.Logger.Level.WARNING, "could not remove " + folder, e);
        }
    }

    /** Shows what is being done, then how it went. */
    private static final class Steps {

        private final PrintWriter out;
        private long start;

        Steps(PrintWriter out) {
            this.out = out;
        }

        void begin(String name) {
            out.printf("  %-8s ", name);
            out.flush();
            start = System.nanoTime();
        }

        void end(String what) {
            out.printf("%-40s %7s%n", what, HumanSize.time(System.nanoTime() - start));
            out.flush();
        }
    }
}
