package io.weightspan.server.commands;

import io.weightspan.cli.CommandException;
import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.MergeRequest;
import io.weightspan.server.repo.Merger;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Merges models of a store into another: {@code weightspan merge}. */
@Command(
        name = "merge",
        mixinStandardHelpOptions = true,
        description = "Merges fine-tunes into one: weighted sums of their differences from what they started from.",
        footer = {
            "%nThe result is base + sum of WEIGHT * (member - base), element by element (task arithmetic), in binary64"
                    + " and in the order given, rounded once to each tensor's dtype. The base is the one that the"
                    + " members' records name. Where they name none, the members themselves are summed:"
                    + " sum of WEIGHT * member; weights that should sum to 1 then must, or give --normalize.",
            "%nFloats of 8 bits and integers are not summed, nor tensors that not all members have: they are the first"
                    + " member's, as are all other files. Notes tell which.",
            "%nThe result is stored as any other model, against the base and in the directions of the family, if it has"
                    + " some; the sum is taken of whole weights, not of coefficients alone, so that nothing a"
                    + " residual holds is lost. Its commit's message names the members, their revisions and weights.",
            "%nWith --fidelity span the first layers alone are read and summed, and stored as a first layer: for"
                    + " members that share directions this is the weighted sum of their coefficients, quantised again."
                    + " The record states how far it is from the sum of the layers.",
            "%nExamples:",
            "  weightspan merge --store hub --to models/both models/french=0.5 models/medical=0.5",
            "  weightspan merge --store hub --to models/unlearned models/tuned=1 models/toxic=-0.4",
            "  weightspan merge --store hub --to models/near --fidelity span models/french=0.5 models/medical=0.5",
            "  weightspan merge --store hub --to models/soup --normalize models/run-1=1 models/run-2@v2=1"
        })
final class MergeCommand implements Callable<Integer> {

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private StoreOption store;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    @Option(names = "--to", required = true, paramLabel = "REPO", description = "The repository to make.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String to;

    @Option(
            names = "--base",
            paramLabel = "REPO[@REV]",
            description = "What the members started from. Default: what their records name.")
    private @Nullable String base;

    @Option(names = "--normalize", description = "Divide the weights by their sum.")
    private boolean normalize;

    @Option(
            names = "--factors",
            description = "Sum the factors of adapters, such as lora_A and lora_B, each for itself. The sum of products"
                    + " is not the product of the sums, so this is refused otherwise.")
    private boolean factors;

    @Option(
            names = "--keep-first",
            description = "Take the first member's tensor where members have one in different shapes, such as a head."
                    + " Otherwise that is an error.")
    private boolean keepFirst;

    @Option(
            names = "--fidelity",
            defaultValue = "exact",
            paramLabel = "FIDELITY",
            description = "'exact': whole weights are summed and the sum is stored. 'span': the members' first layers"
                    + " are summed, and the first layer is all that is stored of the sum, a hundredth of its energy"
                    + " left out at most where the directions hold it. Default: exact.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String fidelity;

    @Option(names = "--force", description = "Add a commit to a repository that is there and has other files.")
    private boolean force;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private JobsOption jobs;

    @Parameters(
            arity = "1..*",
            paramLabel = "REPO[@REV]=WEIGHT",
            description = "A member and its weight, a number that may be negative.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private List<String> members;

    /** The document that {@code --json} prints. */
    record Document(
            String repo,
            String revision,
            long bytes,
            long storedBytes,
            boolean changed,
            @Nullable String base,
            String message,
            List<Source> sources) {}

    /** A member in it. */
    record Source(String repo, String revision, double weight) {}

    @Override
    public Integer call() throws IOException {
        int threads = jobs.count();
        boolean layers = layers();
        RepoId target = RepoId.of(to);
        List<String> names = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        for (String member : members) {
            int equals = member.lastIndexOf('=');
            if (equals < 0) {
                throw new CommandException(ExitStatus.USAGE, "give a weight: " + member + "=WEIGHT");
            }
            names.add(member.substring(0, equals));
            weights.add(weight(member, member.substring(equals + 1)));
        }
        try (ObjectStore opened = store.open()) {
            Repositories repositories = new Repositories(opened);
            List<MergeRequest.Source> sources = new ArrayList<>();
            for (int i = 0; i < names.size(); i++) {
                Commit commit = Revision.of(names.get(i)).in(repositories);
                sources.add(new MergeRequest.Source(commit, weights.get(i)));
            }
            Optional<Commit> from =
                    base == null ? Optional.empty() : Optional.of(Revision.of(base).in(repositories));
            MergeRequest.Rules rules = new MergeRequest.Rules(normalize, factors, keepFirst, layers, force);
            MergeRequest request =
                    new MergeRequest(target, sources, from, rules, System.getProperty("user.name", ""), threads);
            Merger.Merged merged;
            try (PackProgress progress = new PackProgress(output)) {
                merged = new Merger(opened).merge(request, progress);
            }
            report(merged);
        }
        return ExitStatus.DONE;
    }

    private boolean layers() {
        return switch (fidelity) {
            case "exact" -> false;
            case "span" -> true;
            default ->
                throw new CommandException(
                        ExitStatus.USAGE, "--fidelity takes exact or span here, not '" + fidelity + "'");
        };
    }

    private static double weight(String member, String text) {
        double weight;
        try {
            weight = Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new CommandException(ExitStatus.USAGE, "the weight of " + member + " is not a number", e);
        }
        if (!Double.isFinite(weight)) {
            throw new CommandException(ExitStatus.USAGE, "the weight of " + member + " is not finite");
        }
        return weight;
    }

    private void report(Merger.Merged merged) {
        Commit commit = merged.repo().commit();
        if (output.json()) {
            output.printJson(new Document(
                    commit.repo().toString(),
                    commit.id(),
                    commit.size(),
                    commit.storedSize(),
                    merged.repo().changed(),
                    merged.base().orElse(null),
                    commit.message(),
                    merged.sources().stream()
                            .map(source -> new Source(
                                    source.commit().repo().toString(), source.commit().id(), source.weight()))
                            .toList()));
        } else {
            output.out().println((merged.repo().changed() ? "Merged " : "Unchanged: ") + merged.sources().size()
                    + (merged.sources().size() == 1 ? " model" : " models")
                    + merged.base().map(name -> " upon " + name).orElse(", without a base,") + " into "
                    + commit.repo() + ": " + HumanSize.of(commit.size()) + " in "
                    + HumanSize.of(commit.storedSize()) + ", revision " + commit.id().substring(0, 12) + ".");
            output.out().flush();
        }
    }
}
