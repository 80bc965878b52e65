package io.weightspan.server.commands;

import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.TextTable;
import io.weightspan.codec.family.Fidelity;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.InvalidNameException;
import io.weightspan.server.repo.PackCoding;
import io.weightspan.server.repo.PackFolder;
import io.weightspan.server.repo.PackRequest;
import io.weightspan.server.repo.PackedRepo;
import io.weightspan.server.repo.Packer;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.StoredBytes;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Packs folders into a store: {@code weightspan pack}. */
@Command(
        name = "pack",
        mixinStandardHelpOptions = true,
        description = "Packs folders of models into a store, each as one repository.",
        footer = {
            "%nThe repository of FOLDER is NAME/<its last part>, NAME being the part before it unless --family says"
                    + " otherwise. All files of the folder are stored; weights in safetensors are compressed"
                    + " tensor by tensor against the base and against each other.",
            "%nExamples:",
            "  weightspan pack --store hub --base models/bert models/bert-tuned-*",
            "  weightspan pack --store hub --family acme --base acme/llama tuned/2026-11-*",
            "  weightspan pack --store hub --base models/bert --fidelity bounded:0.1 models/bert-tuned-*",
            "  weightspan pack --store hub --json adapters/* | jq .stored_bytes"
        })
final class PackCommand implements Callable<Integer> {

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private StoreOption store;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    @Option(
            names = "--family",
            paramLabel = "NAME",
            description = "The first part of the repositories' names. Default: the name of each folder's parent.")
    private @Nullable String family;

    @Option(
            names = "--base",
            paramLabel = "REPO|FOLDER",
            description = "The model that the others started from: a folder, packed first, or REPO[@REV] of the"
                    + " store.")
    private @Nullable String base;

    @Option(
            names = "--fidelity",
            defaultValue = "exact",
            paramLabel = "FIDELITY",
            description = "How true what is stored is to the files: 'exact', byte for byte; 'bounded:EPS', every weight"
                    + " within EPS root mean squares of its tensor's difference from the base; 'span', the first layer"
                    + " alone. Default: exact.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String fidelity;

    @Option(
            names = "--rate",
            paramLabel = "BITS",
            description = "How many bits a weight may take in the first layer, which is then kept whatever it costs."
                    + " Default: what makes the whole smallest.")
    private @Nullable Double rate;

    @Option(
            names = "--step",
            paramLabel = "STEP",
            description = "The same by the quantiser's step, in root mean squares of a tensor's difference from the"
                    + " base: half a bit a weight at about 2, a quarter at 3.")
    private @Nullable Double step;

    @Option(
            names = "--energy",
            paramLabel = "PART",
            description = "The same by the part of the difference's energy, the sum of its squares, that the first"
                    + " layer keeps: above 0, below 1. The step is found for it. Where the shared directions hold"
                    + " less, the layer keeps what they hold.")
    private @Nullable Double energy;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private JobsOption jobs;

    @Parameters(arity = "1..*", paramLabel = "FOLDER", description = "A folder with the files of one model.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private List<Path> folders;

    /** The document that {@code --json} prints. */
    record Document(
            @Nullable String family, long bytes, long storedBytes, long sharedBytes, List<Repo> repos) {}

    /** One repository in it. */
    record Repo(
            String repo,
            String revision,
            String family,
            int files,
            long bytes,
            long storedBytes,
            boolean base,
            boolean changed) {}

    @Override
    public Integer call() throws IOException {
        PackCoding coding = coding();
        int threads = jobs.count();
        List<PackFolder> members = folders.stream().map(this::member).toList();
        Optional<PackFolder> baseFolder =
                base != null && Files.isDirectory(Path.of(base))
                        ? Optional.of(member(Path.of(base)))
                        : Optional.empty();
        checkDistinct(members);
        try (ObjectStore opened = store.openOrCreate()) {
            Optional<Commit> baseCommit =
                    base == null || baseFolder.isPresent() ? Optional.empty() : baseIn(opened, base);
            PackRequest request = new PackRequest(
                    members, baseFolder, baseCommit, System.getProperty("user.name", ""), threads, coding, "");
            List<PackedRepo> packed;
            try (PackProgress progress = new PackProgress(output)) {
                packed = new Packer(opened).pack(request, progress);
            } catch (IOException e) {
                output.note("nothing was stored in " + opened.location() + ": every repository is as it was before");
                throw e;
            }
            report(packed, baseFolder.map(PackFolder::repo));
        }
        return ExitStatus.DONE;
    }

    private PackFolder member(Path folder) {
        Path whole = folder.toAbsolutePath().normalize();
        Path name = whole.getFileName();
        Path parent = whole.getParent();
        Path parentName = parent == null ? null : parent.getFileName();
        if (name == null || (parentName == null && family == null)) {
            throw new CommandException(
                    ExitStatus.USAGE, "give --family NAME for " + folder + ", whose parent folder has no name");
        }
        String namespace = family != null ? family : String.valueOf(parentName);
        try {
            return new PackFolder(new RepoId(namespace, name.toString()), folder, namespace);
        } catch (InvalidNameException e) {
            throw new CommandException(
                    ExitStatus.USAGE,
                    "folder " + folder + " can't become a repository: " + e.getMessage()
                            + "; rename it, or give another --family",
                    e);
        }
    }

    private PackCoding coding() {
        if (Stream.of(rate, step, energy).filter(Objects::nonNull).count() > 1) {
            throw new CommandException(
                    ExitStatus.USAGE, "--rate, --step and --energy all set the first layer's size; give one");
        }
        try {
            return new PackCoding(Fidelity.parse(fidelity), optional(step), optional(rate), optional(energy));
        } catch (IllegalArgumentException e) {
            throw new CommandException(
                    ExitStatus.USAGE,
                    e.getMessage() + "; --rate takes more than 0 and up to 32 bits, --step more than 0 and up to 64,"
                            + " --energy a part between 0 and 1, --fidelity 'exact', 'bounded:EPS' or 'span'",
                    e);
        }
    }

    private static OptionalDouble optional(@Nullable Double number) {
        return number == null ? OptionalDouble.empty() : OptionalDouble.of(number);
    }

    private static void checkDistinct(List<PackFolder> members) {
        Set<RepoId> seen = new HashSet<>();
        for (PackFolder member : members) {
            if (!seen.add(member.repo())) {
                throw new CommandException(
                        ExitStatus.USAGE,
                        "two folders would become repository " + member.repo()
                                + "; give each once, and folders of one name in calls of their own");
            }
        }
    }

    private static Optional<Commit> baseIn(ObjectStore opened, String base) throws IOException {
        if (base.indexOf('/') != base.lastIndexOf('/') || base.startsWith(".") || base.startsWith("/")) {
            throw new CommandException(ExitStatus.USAGE, "there is no folder " + base);
        }
        return Optional.of(Revision.of(base).in(new Repositories(opened)));
    }

    private void report(List<PackedRepo> packed, Optional<RepoId> baseRepo) {
        List<Repo> repos = new ArrayList<>();
        Set<String> families = new LinkedHashSet<>();
        StoredBytes stored = new StoredBytes();
        long bytes = 0;
        for (PackedRepo repo : packed) {
            Commit commit = repo.commit();
            boolean isBase = baseRepo.isPresent() && baseRepo.get().equals(commit.repo());
            repos.add(new Repo(
                    commit.repo().toString(),
                    commit.id(),
                    commit.family(),
                    commit.files().size(),
                    commit.size(),
                    commit.storedSize(),
                    isBase,
                    repo.changed()));
            if (!isBase || packed.size() == 1) {
                families.add(commit.family());
            }
            bytes += commit.size();
            stored.add(commit);
        }
        String one = families.size() == 1 ? families.iterator().next() : null;
        if (output.json()) {
            output.printJson(new Document(one, bytes, stored.total(), stored.shared(), repos));
        } else {
            print(repos, bytes, stored.total(), stored.shared());
        }
    }

    private void print(List<Repo> repos, long bytes, long storedBytes, long sharedBytes) {
        TextTable table = new TextTable("REPOSITORY", ">FILES", ">SIZE", ">STORED", ">PART", "REVISION", "");
        for (Repo repo : repos) {
            table.row(
                    repo.repo(),
                    Integer.toString(repo.files()),
                    HumanSize.of(repo.bytes()),
                    HumanSize.of(repo.storedBytes()),
                    HumanSize.ratio(repo.storedBytes(), repo.bytes()),
                    repo.revision().substring(0, 12),
                    (repo.changed() ? "" : "unchanged") + (repo.base() ? " (base)" : ""));
        }
        table.print(output.out());
        output.out()
                .println("In all " + HumanSize.of(bytes) + " in " + HumanSize.of(storedBytes) + " ("
                        + HumanSize.ratio(storedBytes, bytes) + "), what repositories share counted once"
                        + (sharedBytes == 0 ? "." : ": " + HumanSize.of(sharedBytes) + " are shared directions."));
        output.out().flush();
    }
}
