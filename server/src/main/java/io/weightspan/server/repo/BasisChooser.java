package io.weightspan.server.repo;

import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.FactorPair;
import io.weightspan.codec.basis.Quantiser;
import io.weightspan.codec.basis.SharedDirections;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.BasisReference;
import io.weightspan.codec.family.EncodeOptions;
import io.weightspan.codec.family.EncodedRecord;
import io.weightspan.codec.family.Fidelity;
import io.weightspan.codec.family.LowRankSearch;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.RecordEncoder;
import io.weightspan.codec.family.Reference;
import io.weightspan.codec.predict.FileSketch;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Dependency;
import io.weightspan.format.v1.Role;
import io.weightspan.server.store.StoreSession;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides which directions files are to be encoded with: those that the store has of their family, those and some that
 * are added, new ones, or none; new ones for all files or for each group of files that are alike. Some of the files are
 * encoded with each, and the fewest bytes win, a new basis's own counted. For one thread.
 */
final class BasisChooser implements Closeable {

    /** Fewer files can't pay for directions of their own. */
    private static final int FEWEST = 4;

    /** Directions are fitted to this many files at most. */
    private static final int MOST_FITTED = 64;

    /** Files that every choice is tried on. */
    private static final int TRIED = 3;

    /** Directions that a coefficient can't be this large along, in root mean squares, are left out. */
    private static final double[] LEAST = {1.0, 1.6};

    /** No energy asks for smaller directions. */
    private static final double LEAST_OF_ENERGY = 0.02;

    /** Choices that leave out this part more of the energy that may be left out are no worse for it. */
    private static final double NEARLY = 0.01;

    /** Fewer files can't pay for whole tensors as directions. */
    private static final int FEWEST_SPANNED = 32;

    /** So many whole tensors at most. */
    private static final int MOST_SPANNED = 16;

    /** One that holds less of the energy that those before it leave is left out. */
    private static final double LEAST_SPANNED = 0.05;

    /** Where everything is stored, a basis that takes more of it than this part saves less. */
    private static final double LARGEST_BASIS = 0.2;

    /** So many bases of a family that the store has are tried. */
    private static final int MOST_KNOWN = 4;

    /** A basis must save this part of the bytes, or it isn't worth a reader's while. */
    private static final double WORTH_HAVING = 0.002;

    private final StoredFiles files;
    private final FileStorer storer;
    private final StoreSession session;
    private final PackListener listener;
    private final int jobs;
    private final Closer open = new Closer();
    /** What was found in the files that choices are tried on, of one group at a time. */
    private final Map<WeightJob, LowRankSearch> searches = new HashMap<>();

    BasisChooser(
            StoredFiles files, FileStorer storer, StoreSession session, PackListener listener, int jobs) {
        this.files = files;
        this.storer = storer;
        this.session = session;
        this.listener = listener;
        this.jobs = jobs;
    }

    /** Files that can share directions: of one base, and with tensors of the same names. */
    private record Group(Optional<Digest> base, List<String> tensors) {}

    /**
     * A choice.
     *
     * @param basis the directions
     * @param record the record of the segment that is new, if one is
     * @param file where it is
     * @param what for the user
     */
    private record Choice(
            Optional<BasisReference> basis, Optional<EncodedRecord> record, Optional<Path> file, String what) {
        static final Choice NONE = new Choice(Optional.empty(), Optional.empty(), Optional.empty(), "");

        long cost() {
            return record.map(EncodedRecord::storedLength).orElse(0L);
        }
    }

    /**
     * What was chosen for some files.
     *
     * @param choice the choice
     * @param cost about the bytes that the files and a new basis take
     * @param members the files
     */
    private record Decision(Choice choice, double cost, List<WeightJob> members) {}

    /**
     * Chooses for every file.
     *
     * @param all the files, with what else may predict them
     * @param stored files of the same families that are in the store
     * @param coding how they are to be stored
     * @throws IOException if a file can't be read or the store can't be written
     */
    void choose(List<WeightJob> all, List<StoredWeights> stored, PackCoding coding) throws IOException {
        Map<Group, List<WeightJob>> groups = new LinkedHashMap<>();
        for (WeightJob job : all) {
            groups.computeIfAbsent(groupOf(job), group -> new ArrayList<>()).add(job);
        }
        for (Map.Entry<Group, List<WeightJob>> group : groups.entrySet()) {
            choose(group.getKey(), group.getValue(), stored, coding);
            searches.clear();
        }
    }

    private static Group groupOf(WeightJob job) throws IOException {
        Optional<Digest> base = baseOf(job).map(weights -> weights.file().object());
        try (SafetensorsFile file = SafetensorsFile.open(job.file())) {
            return new Group(
                    base, file.tensors().stream().map(TensorInfo::name).sorted().toList());
        }
    }

    private static Optional<StoredWeights> baseOf(WeightJob job) {
        return job.stored().stream()
                .filter(weights -> weights.role() == Role.ROLE_BASE)
                .findFirst();
    }

    private void choose(Group group, List<WeightJob> members, List<StoredWeights> stored, PackCoding coding)
            throws IOException {
        List<List<Reference>> known = knownBases(group, stored);
        // Without a base files are predicted by each other, which trying directions on some of them can't weigh.
        boolean mayFit = baseOf(members.getFirst()).isPresent() || coding.wantsLayer() || !coding.isExact();
        boolean fits = mayFit && (members.size() >= FEWEST || coding.needsLayer());
        if (known.isEmpty() && !fits) {
            return;
        }
        List<Reference> references = new ArrayList<>();
        Optional<StoredWeights> base = baseOf(members.getFirst());
        if (base.isPresent()) {
            DecodedFile file = open.add(files.open(base.get().file()));
            references.add(new Reference(
                    base.get().file().object(), base.get().file().sha256(), Role.ROLE_BASE, file, base.get().depth()));
        }
        Decision whole = decide(members, references, known, fits, coding);
        List<Decision> parts = new ArrayList<>();
        FileSketch from = base.map(StoredWeights::sketch).orElse(null);
        for (List<WeightJob> alike : mayFit ? AlikeJobs.groups(members, from, FEWEST) : List.<List<WeightJob>>of()) {
            boolean fitsPart = alike.size() >= FEWEST || coding.needsLayer();
            parts.add(decide(alike, references, known, fitsPart, coding));
        }
        double cost = parts.stream().mapToDouble(Decision::cost).sum();
        if (parts.isEmpty() || cost >= whole.cost() * (1 - WORTH_HAVING)) {
            parts = List.of(whole);
        } else {
            listener.tells(
                    members.size() + " files fall into " + parts.size() + " groups with directions of their own");
        }
        for (Decision decision : parts) {
            take(decision.choice(), decision.members());
        }
    }

    /** Decides for some files as one. */
    private Decision decide(
            List<WeightJob> members,
            List<Reference> references,
            List<List<Reference>> known,
            boolean fits,
            PackCoding coding)
            throws IOException {
        List<Choice> choices = new ArrayList<>();
        if (!coding.needsLayer() || !references.isEmpty() || coding.fidelity().kind() == Fidelity.Kind.SPAN) {
            choices.add(Choice.NONE);
        }
        for (List<Reference> segments : known) {
            BasisReference directions = BasisReference.of(segments);
            choices.add(
                    new Choice(Optional.of(directions), Optional.empty(), Optional.empty(), "known directions"));
        }
        if (fits) {
            choices.addAll(
                    fitted(members, references, known.isEmpty() ? List.of() : known.getFirst(), coding));
        }
        return cheapest(choices, members, references, coding);
    }

    /** The bases that the store's records of a group need, each by its segments, those of most records first. */
    private List<List<Reference>> knownBases(Group group, List<StoredWeights> stored) throws IOException {
        Map<List<Dependency>, Integer> uses = new LinkedHashMap<>();
        for (StoredWeights weights : stored) {
            List<Dependency> needed;
            try (var decoder = files.openRecord(weights.file(), Verification.STRUCTURE)) {
                List<Dependency> all = decoder.front().getDependenciesList();
                boolean sameBase = group.base().isEmpty()
                        || all.stream().anyMatch(
                                dependency -> Digest.of(dependency.getObjectSha256()).equals(group.base().get()));
                needed = sameBase && hasNames(decoder, group.tensors())
                        ? all.stream().filter(one -> one.getRole() == Role.ROLE_BASIS).toList()
                        : List.of();
            }
            if (!needed.isEmpty()) {
                uses.merge(needed, 1, Integer::sum);
            }
        }
        // One that another goes on from has nothing that the other lacks.
        List<List<Dependency>> chains = uses.entrySet().stream()
                .sorted(Map.Entry.<List<Dependency>, Integer>comparingByValue().reversed())
                .map(Map.Entry::getKey)
                .filter(one -> uses.keySet().stream().noneMatch(other -> goesOn(other, one)))
                .limit(MOST_KNOWN)
                .toList();
        List<List<Reference>> bases = new ArrayList<>();
        for (List<Dependency> chain : chains) {
            List<Reference> segments = new ArrayList<>();
            for (Dependency dependency : chain) {
                Digest object = Digest.of(dependency.getObjectSha256());
                Digest file = Digest.of(dependency.getFileSha256());
                DecodedFile opened = open.add(files.dependencies().open(object, file));
                segments.add(new Reference(object, file, Role.ROLE_BASIS, opened, 0));
            }
            bases.add(segments);
        }
        return bases;
    }

    private static boolean goesOn(List<Dependency> longer, List<Dependency> shorter) {
        return longer.size() > shorter.size() && longer.subList(0, shorter.size()).equals(shorter);
    }

    private static boolean hasNames(DecodedFile file, List<String> names) {
        return file.tensors().stream().map(TensorInfo::name).sorted().toList().equals(names);
    }

    /** Directions fitted to the members, new ones or ones that known ones lack, of several sizes. */
    private List<Choice> fitted(
            List<WeightJob> members, List<Reference> references, List<Reference> segments, PackCoding coding)
            throws IOException {
        List<WeightJob> some = spread(members, MOST_FITTED);
        Progress progress = listener.begins(
                "fitting", some.stream().mapToLong(job -> job.fingerprint().size()).sum());
        List<SafetensorsFile> opened = new ArrayList<>();
        List<Choice> choices = new ArrayList<>();
        try {
            for (WeightJob job : some) {
                opened.add(SafetensorsFile.open(job.file()));
            }
            BasisFitter fitter = new BasisFitter(jobs, progress::advance);
            Optional<DecodedFile> base = references.stream().map(Reference::file).findFirst();
            List<SharedDirections> products = coding.fidelity().kind() == Fidelity.Kind.SPAN
                    ? fitter.fitProducts(opened)
                    : List.of();
            List<SharedDirections> centred = fitter.takingMeans().fit(opened, base, List.of());
            centred.addAll(products);
            boolean hasMeans = centred.stream().anyMatch(slot -> slot.mean() != null);
            List<SharedDirections> slots = centred;
            if (hasMeans) {
                slots = fitter.fit(opened, base, List.of());
                slots.addAll(products);
            }
            double[] leasts = leasts(coding);
            for (double least : leasts) {
                choose(slots, least, List.of(), "new directions").ifPresent(choices::add);
            }
            if (hasMeans) {
                choose(centred, leasts[0], List.of(), "new directions, from means,").ifPresent(choices::add);
            }
            if (members.size() >= FEWEST_SPANNED) {
                choose(spans(fitter, opened, base, coding), 0, List.of(), "whole tensors").ifPresent(choices::add);
            }
            if (!segments.isEmpty()) {
                List<DecodedFile> known = segments.stream().map(Reference::file).toList();
                choose(fitter.fit(opened, base, known), leasts[0], segments, "directions added to known ones")
                        .ifPresent(choices::add);
            }
        } finally {
            for (SafetensorsFile file : opened) {
                file.close();
            }
        }
        return choices;
    }

    /** Whole tensors, but for those of pairs whose product is all that counts. */
    private static List<SharedDirections> spans(
            BasisFitter fitter, List<SafetensorsFile> opened, Optional<DecodedFile> base, PackCoding coding)
            throws IOException {
        Set<String> ofPairs = new HashSet<>();
        if (coding.fidelity().kind() == Fidelity.Kind.SPAN) {
            for (SafetensorsFile file : opened) {
                for (FactorPair pair : FactorPair.of(file.tensors())) {
                    ofPairs.add(file.tensors().get(pair.left()).name());
                    ofPairs.add(file.tensors().get(pair.right()).name());
                }
            }
        }
        return fitter.fitSpans(opened, base, MOST_SPANNED, LEAST_SPANNED).stream()
                .filter(slot -> !ofPairs.contains(slot.name()))
                .toList();
    }

    /** The sizes below which directions are left out: for an energy those along which a fitting step finds nothing. */
    private static double[] leasts(PackCoding coding) {
        double[] leasts = LEAST.clone();
        if (coding.energy().isPresent()) {
            // A step leaves out a twelfth of its square, and of a coefficient below its half all.
            double half = Math.sqrt(3 * (1 - coding.energy().getAsDouble()));
            for (int i = 0; i < leasts.length; i++) {
                leasts[i] *= Math.clamp(half, LEAST_OF_ENERGY, 1);
            }
        }
        return leasts;
    }

    private Optional<Choice> choose(
            List<SharedDirections> slots, double least, List<Reference> segments, String what) throws IOException {
        Path file = session.newFile();
        int count = BasisFile.write(file, slots, least);
        if (count == 0) {
            Files.delete(file);
            return Optional.empty();
        }
        Path out = session.newFile();
        EncodedRecord record =
                RecordEncoder.encode(file, List.of(), EncodeOptions.DEFAULT.withThreads(jobs), out, Progress.NONE);
        List<Reference> all = new ArrayList<>(segments);
        SafetensorsFile directions = open.add(SafetensorsFile.open(file));
        all.add(new Reference(record.objectSha256(), record.fileSha256(), Role.ROLE_BASIS, directions, 0));
        return Optional.of(new Choice(
                Optional.of(BasisReference.of(all)), Optional.of(record), Optional.of(out), count + " " + what));
    }

    /**
     * What files take with a choice, and what that leaves out.
     *
     * @param choice the choice
     * @param stored bytes a file
     * @param missing the energy that was asked for and isn't kept, of the poorest
     * @param error the parts of the energy that are left out, times elements, a file
     */
    private record Tried(Choice choice, double stored, double missing, double error) {}

    /** The choice that makes the store smallest, by what some members take with each. */
    private Decision cheapest(
            List<Choice> choices, List<WeightJob> members, List<Reference> references, PackCoding coding)
            throws IOException {
        if (choices.isEmpty()) {
            return new Decision(Choice.NONE, 0, members);
        }
        List<WeightJob> some = spread(members, TRIED);
        long bytes = some.stream().mapToLong(job -> job.fingerprint().size()).sum();
        Progress progress = listener.begins("trying", bytes * choices.size());
        long[] elements = new long[some.size()];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = realElements(some.get(i));
        }
        List<Tried> all = new ArrayList<>();
        for (Choice choice : choices) {
            boolean isHopeless = coding.fidelity().kind() != Fidelity.Kind.SPAN
                    && !all.isEmpty()
                    && choice.cost() > LARGEST_BASIS * members.size() * all.getFirst().stored();
            if (isHopeless) {
                progress.advance(bytes);
            } else {
                all.add(tried(choice, some, elements, references, coding, progress));
            }
        }
        double worth = worthOfError(all, elements, coding);
        double nearly = NEARLY * (1 - coding.energy().orElse(0));
        Tried best = all.getFirst();
        double least = Double.POSITIVE_INFINITY;
        for (Tried one : all) {
            double total = (one.stored() + worth * one.error()) * members.size() + one.choice().cost();
            double bar = best.choice().basis().isEmpty() ? least * (1 - WORTH_HAVING) : least;
            boolean isAsTrue = one.missing() <= best.missing() + nearly;
            if (least == Double.POSITIVE_INFINITY || one.missing() < best.missing() - nearly
                    || isAsTrue && total < bar) {
                best = one;
                least = total;
            }
        }
        return new Decision(best.choice(), least, members);
    }

    private Tried tried(
            Choice choice,
            List<WeightJob> some,
            long[] elements,
            List<Reference> references,
            PackCoding coding,
            Progress progress)
            throws IOException {
        double stored = 0;
        double missing = 0;
        double error = 0;
        for (int i = 0; i < elements.length; i++) {
            WeightJob job = some.get(i);
            Path out = session.newFile();
            LowRankSearch search = searches.computeIfAbsent(job, any -> new LowRankSearch());
            stored += RecordEncoder.encode(
                    job.file(), references, choice.basis(), search, coding.options(jobs), out, progress)
                    .storedLength();
            if (coding.needsLayer()) {
                double kept = FileStorer.kept(MappedSource.open(out));
                missing = Math.max(missing, coding.energy().orElse(0) - kept);
                error += (1 - kept) * elements[i];
            }
            Files.delete(out);
        }
        return new Tried(choice, stored / some.size(), missing, error / some.size());
    }

    private static long realElements(WeightJob job) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(job.file())) {
            return file.tensors().stream()
                    .filter(tensor -> tensor.dtype().isReal())
                    .mapToLong(TensorInfo::elementCount)
                    .sum();
        }
    }

    /**
     * What an element's whole energy is worth in bytes where nothing stands upon the layer: as much as where numbers
     * are rounded. The step of a rate isn't known, but a layer leaves out a twelfth of its square.
     */
    private static double worthOfError(List<Tried> all, long[] elements, PackCoding coding) {
        if (coding.fidelity().kind() != Fidelity.Kind.SPAN || coding.energy().isPresent()) {
            return 0;
        }
        double step = coding.options(1).step();
        if (coding.rate().isPresent()) {
            double error = all.stream().mapToDouble(Tried::error).min().orElse(0);
            double each = Arrays.stream(elements).average().orElse(0);
            step = Math.sqrt(12 * Math.max(error, Double.MIN_NORMAL) / Math.max(1, each));
        }
        return 1 / (step * step * Quantiser.BIT * Byte.SIZE);
    }

    private void take(Choice best, List<WeightJob> members) throws IOException {
        if (best.basis().isEmpty()) {
            return;
        }
        if (best.record().isPresent() && best.file().isPresent()) {
            SharedObject stored = storer.storeBasis(best.record().get(), best.file().get());
            listener.tells("fitted " + best.what() + " to " + members.size() + " files; they take " + stored.size()
                    + " bytes, once for all");
        }
        members.forEach(job -> job.basis(best.basis().get()));
    }

    /** Some things of a list, evenly spread over it. */
    private static <T> List<T> spread(List<T> all, int most) {
        if (all.size() <= most) {
            return all;
        }
        List<T> some = new ArrayList<>();
        for (int i = 0; i < most; i++) {
            some.add(all.get((int) ((2L * i + 1) * all.size() / (2L * most))));
        }
        return some;
    }

    @Override
    public void close() throws IOException {
        open.close();
    }
}
