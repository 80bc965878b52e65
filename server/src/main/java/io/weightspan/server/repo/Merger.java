package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.basis.FactorPair;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Fidelity;
import io.weightspan.codec.family.Progress;
import io.weightspan.server.store.ObjectStore;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Merges models of a store into another: weighted sums of their differences from what they started from
 * ({@link io.weightspan.codec.merge.WeightedSum}). The result is packed as any other model is, so that where the
 * models' records share directions its first layer, being linear in the weights, is about the weighted sum of theirs.
 *
 * <p>{@link MergeRequest.Rules#layers} sums the models' first layers alone and stores a first layer. A layer is its
 * center plus coefficients times directions: in directions that the models share, the differences of the sum have for
 * coefficients the weighted sum of the models' coefficients, which the encoder finds by turning the sum back, and
 * quantises. Each layer is rounded to its dtype before it is summed; nothing else tells the sum from that of the
 * coefficients.
 *
 * <p>Safe for several threads and processes on one store.
 */
public final class Merger {

    /** Of a sum of layers this part of the energy is kept: quantising it again adds little to what they left out. */
    private static final double ENERGY = 0.99;

    private static final PackCoding OF_LAYERS =
            new PackCoding(Fidelity.SPAN, OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.of(ENERGY));

    private final ObjectStore store;
    private final Repositories repositories;
    private final StoredFiles files;

    /**
     * Merges models of a store.
     *
     * @param store the store, which stays the caller's to close
     */
    public Merger(ObjectStore store) {
        this.store = requireNonNull(store, "store is null");
        repositories = new Repositories(store);
        files = new StoredFiles(store);
    }

    /**
     * What came of a merge.
     *
     * @param repo the repository
     * @param sources the models with the weights that were used
     * @param base what they started from, as messages call it, or empty
     */
    public record Merged(PackedRepo repo, List<MergeRequest.Source> sources, Optional<String> base) {

        /** Copies the list. */
        public Merged {
            sources = List.copyOf(sources);
        }
    }

    /** What models started from: the objects, and a commit that has them. */
    private record Base(Map<Digest, Digest> objects, Optional<Commit> commit) {

        boolean isThere() {
            return commit.isPresent() || !objects.isEmpty();
        }

        String name() {
            return commit.map(found -> found.repo() + " (" + found.id() + ")")
                    .orElseGet(() -> "object " + objects.keySet().iterator().next().hex());
        }
    }

    /**
     * Merges.
     *
     * @param request what
     * @param listener hears how it goes on, and what could not be summed
     * @return the repository
     * @throws RefusedException if the models don't fit together, hold factors of products, or started from different
     *     bases, or the target has other files, and the rules don't allow for it
     * @throws IOException if the store can't be read or written or a record is damaged; in this and all other cases
     *     every branch is as it was before
     */
    public Merged merge(MergeRequest request, PackListener listener) throws IOException {
        List<MergeRequest.Source> sources = weighted(request);
        Base base = base(request, listener);
        List<WeightFiles> opened = new ArrayList<>();
        try (DerivedRepo result = DerivedRepo.create(store)) {
            for (MergeRequest.Source source : sources) {
                opened.add(WeightFiles.of(files, source.commit(), request.rules().layers()));
            }
            List<WeightFiles> members = List.copyOf(opened);
            if (!request.rules().factors() || request.rules().layers()) {
                checkNoFactors(members);
            }
            if (request.rules().layers()) {
                tellOfWholes(sources, listener);
            }
            WeightFiles center = open(base);
            if (center != null) {
                opened.add(center);
            }
            List<Double> weights = sources.stream().map(MergeRequest.Source::weight).toList();
            write(new MergeWriter(members, center, weights, request.rules().keepFirst()), members, result, listener);
            Commit first = sources.getFirst().commit();
            result.copyOthers(first, request.jobs());
            tellOfPickles(first, listener);
            DerivedRepo.Target target = new DerivedRepo.Target(
                    request.to(),
                    first.family(),
                    message(sources, base),
                    request.author(),
                    request.jobs(),
                    request.rules().layers() ? OF_LAYERS : PackCoding.EXACT,
                    request.rules().force());
            PackedRepo packed = result.pack(target, base.commit(), listener);
            return new Merged(packed, sources, base.isThere() ? Optional.of(base.name()) : Optional.empty());
        } finally {
            for (WeightFiles file : opened) {
                file.close();
            }
        }
    }

    private static List<MergeRequest.Source> weighted(MergeRequest request) throws RefusedException {
        if (!request.rules().normalize()) {
            return request.sources();
        }
        double sum = request.sources().stream().mapToDouble(MergeRequest.Source::weight).sum();
        List<MergeRequest.Source> sources = new ArrayList<>();
        for (MergeRequest.Source source : request.sources()) {
            double weight = source.weight() / sum;
            if (!Double.isFinite(weight)) {
                throw new RefusedException("weights whose sum is " + sum + " can't be normalized");
            }
            sources.add(new MergeRequest.Source(source.commit(), weight));
        }
        return sources;
    }

    private Base base(MergeRequest request, PackListener listener) throws IOException {
        if (request.base().isPresent()) {
            return new Base(Map.of(), request.base());
        }
        BaseFinder finder = new BaseFinder(repositories);
        Map<Digest, Digest> all = new LinkedHashMap<>();
        List<Map<Digest, Digest>> each = new ArrayList<>();
        for (MergeRequest.Source source : request.sources()) {
            each.add(finder.basesOf(source.commit()));
            all.putAll(each.getLast());
        }
        if (all.isEmpty()) {
            return new Base(all, Optional.empty());
        }
        Optional<Commit> holder = finder.holder(all.keySet());
        for (int i = 0; i < each.size(); i++) {
            Commit commit = request.sources().get(i).commit();
            boolean isBase = each.get(i).isEmpty() && BaseFinder.has(commit, all.keySet());
            if (each.get(i).isEmpty() && !isBase) {
                throw new RefusedException("the records of " + commit.repo() + " name no base and those of others do;"
                        + " say with --base what all started from");
            }
            if (holder.isEmpty() && !isBase && !each.get(i).equals(all)) {
                throw new RefusedException("the models did not all start from the same: the base of " + commit.repo()
                        + " is another than that of others; say with --base what to subtract");
            }
        }
        if (holder.isEmpty()) {
            listener.tells("the base is in the store, but in no repository: the result is stored without it");
        }
        return new Base(all, holder);
    }

    private @Nullable WeightFiles open(Base base) throws IOException {
        if (base.commit().isPresent()) {
            return WeightFiles.of(files, base.commit().get());
        }
        return base.objects().isEmpty() ? null : WeightFiles.ofObjects(files, base.objects());
    }

    private static void checkNoFactors(List<WeightFiles> members) throws RefusedException {
        for (WeightFiles member : members) {
            for (WeightFiles.Weights weights : member.all()) {
                List<FactorPair> pairs = FactorPair.of(weights.file().tensors());
                if (!pairs.isEmpty()) {
                    throw new RefusedException(weights.path() + " of " + member.name() + " holds the factors of "
                            + pairs.size() + " products, such as " + pairs.getFirst().slot()
                            + "; the sum of products B A is not the product of the sums of B and of A. Merge the full"
                            + " models, or sum the factors all the same with --factors, but not of first layers");
                }
            }
        }
    }

    private static void write(
            MergeWriter writer, List<WeightFiles> members, DerivedRepo result, PackListener listener)
            throws IOException {
        Progress progress = listener.begins("merging", writer.bytes());
        for (WeightFiles.Weights like : members.getFirst().all()) {
            try (OutputStream out = new BufferedOutputStream(
                    Files.newOutputStream(result.file(like.path()), StandardOpenOption.CREATE_NEW))) {
                writer.write(like, out, progress);
            }
        }
        writer.notes().forEach(listener::tells);
    }

    private static void tellOfWholes(List<MergeRequest.Source> sources, PackListener listener) {
        for (MergeRequest.Source source : sources) {
            boolean whole = source.commit().files().stream()
                    .anyMatch(file -> FileTypes.isSafetensors(file.path())
                            && file.firstPart().isEmpty()
                            && file.original().isEmpty());
            if (whole) {
                listener.tells("weights of " + source.commit().repo() + " have no first layer and are taken whole");
            }
        }
    }

    private static void tellOfPickles(Commit first, PackListener listener) {
        for (CommitFile file : first.files()) {
            if (FileTypes.isNeverParsed(file.path())) {
                listener.tells(file.path() + " is the first member's: files of its kind are never opened");
            }
        }
    }

    private static String message(List<MergeRequest.Source> sources, Base base) {
        return sources.stream()
                .map(source -> source.commit().repo() + "=" + source.weight() + " (" + source.commit().id() + ")")
                .collect(Collectors.joining(", ", "Merge ", base.isThere() ? " upon " + base.name() : ""));
    }
}
