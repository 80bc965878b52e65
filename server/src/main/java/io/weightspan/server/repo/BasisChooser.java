package io.weightspan.server.repo;

import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.SharedDirections;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.BasisReference;
import io.weightspan.codec.family.EncodeOptions;
import io.weightspan.codec.family.EncodedRecord;
import io.weightspan.codec.family.Fidelity;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.RecordEncoder;
import io.weightspan.codec.family.Reference;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Decides which directions files are to be encoded with: those that the store has of their family, those and some that
 * are added, new ones, or none. Some of the files are encoded with each, and the fewest bytes win, a new basis's own
 * counted. For one thread.
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

    /** A basis must save this part of the bytes, or it isn't worth a reader's while. */
    private static final double WORTH_HAVING = 0.002;

    private final StoredFiles files;
    private final FileStorer storer;
    private final StoreSession session;
    private final PackListener listener;
    private final int jobs;
    private final Closer open = new Closer();

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
        List<Reference> segments = storedSegments(group, stored);
        // Without a base files are predicted by each other, which trying directions on some of them can't weigh.
        boolean mayFit = baseOf(members.getFirst()).isPresent() || coding.wantsLayer() || !coding.isExact();
        boolean fits = mayFit && (members.size() >= FEWEST || coding.needsLayer());
        if (segments.isEmpty() && !fits) {
            return;
        }
        List<Reference> references = new ArrayList<>();
        Optional<StoredWeights> base = baseOf(members.getFirst());
        if (base.isPresent()) {
            DecodedFile file = open.add(files.open(base.get().file()));
            references.add(new Reference(
                    base.get().file().object(), base.get().file().sha256(), Role.ROLE_BASE, file, base.get().depth()));
        }
        List<Choice> choices = new ArrayList<>();
        if (!coding.needsLayer()) {
            choices.add(Choice.NONE);
        }
        if (!segments.isEmpty()) {
            BasisReference known = BasisReference.of(segments);
            choices.add(new Choice(Optional.of(known), Optional.empty(), Optional.empty(), "known directions"));
        }
        if (fits) {
            choices.addAll(fitted(members, references, segments, coding));
        }
        Choice best = cheapest(choices, members, references, coding);
        take(best, members);
    }

    /** The basis that most of the store's records of a group need, by its segments. */
    private List<Reference> storedSegments(Group group, List<StoredWeights> stored) throws IOException {
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
        // Of bases with as many users the one with the most segments is the newest.
        Optional<List<Dependency>> most = uses.entrySet().stream()
                .max((a, b) -> a.getKey().size() != b.getKey().size()
                        ? Integer.compare(a.getKey().size(), b.getKey().size())
                        : Integer.compare(a.getValue(), b.getValue()))
                .map(Map.Entry::getKey);
        List<Reference> segments = new ArrayList<>();
        for (Dependency dependency : most.orElse(List.of())) {
            Digest object = Digest.of(dependency.getObjectSha256());
            Digest file = Digest.of(dependency.getFileSha256());
            DecodedFile opened = open.add(files.dependencies().open(object, file));
            segments.add(new Reference(object, file, Role.ROLE_BASIS, opened, 0));
        }
        return segments;
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
            List<SharedDirections> slots = new ArrayList<>(fitter.fit(opened, base, List.of()));
            if (coding.fidelity().kind() == Fidelity.Kind.SPAN) {
                slots.addAll(fitter.fitProducts(opened));
            }
            double[] leasts = leasts(coding);
            for (double least : leasts) {
                choose(slots, least, List.of(), "new directions").ifPresent(choices::add);
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

    /** The choice that makes the store smallest, by what some members take with each. */
    private Choice cheapest(
            List<Choice> choices, List<WeightJob> members, List<Reference> references, PackCoding coding)
            throws IOException {
        if (choices.isEmpty()) {
            return Choice.NONE;
        }
        List<WeightJob> tried = spread(members, TRIED);
        long bytes = tried.stream().mapToLong(job -> job.fingerprint().size()).sum();
        Progress progress = listener.begins("trying", bytes * choices.size());
        Choice best = choices.getFirst();
        double least = Double.POSITIVE_INFINITY;
        double leastMissing = Double.POSITIVE_INFINITY;
        double nearly = NEARLY * (1 - coding.energy().orElse(0));
        for (int i = 0; i < choices.size(); i++) {
            Choice choice = choices.get(i);
            double stored = 0;
            double missing = 0;
            for (WeightJob job : tried) {
                Path out = session.newFile();
                stored += RecordEncoder.encode(
                        job.file(), references, choice.basis(), coding.options(jobs), out, progress)
                        .storedLength();
                if (coding.energy().isPresent()) {
                    double kept = FileStorer.kept(MappedSource.open(out));
                    missing = Math.max(missing, coding.energy().getAsDouble() - kept);
                }
                Files.delete(out);
            }
            double total = stored / tried.size() * members.size() + choice.cost();
            double bar = best.basis().isEmpty() ? least * (1 - WORTH_HAVING) : least;
            boolean isAsTrue = missing <= leastMissing + nearly;
            if (i == 0 || missing < leastMissing - nearly || isAsTrue && total < bar) {
                best = choice;
                least = total;
                leastMissing = missing;
            }
        }
        return best;
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
