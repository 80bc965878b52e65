package io.weightspan.server.repo;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.EncodeOptions;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.Reference;
import io.weightspan.codec.predict.FileSketch;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.format.v1.Role;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** One run of a {@link Packer}, from folders that have been looked through to commits. For one thread. */
final class PackRun {

    private final ObjectStore store;
    private final Repositories repositories;
    private final StoredFiles files;
    private final StoreSession session;
    private final FileStorer storer;
    private final PackRequest request;
    private final PackListener listener;

    /** How each distinct file is stored, by its SHA-256. */
    private final Map<Digest, FileStorer.Stored> stored = new ConcurrentHashMap<>();

    PackRun(
            ObjectStore store,
            StoreSession session,
            Leftovers leftovers,
            PackRequest request,
            PackListener listener) {
        this.store = store;
        this.repositories = new Repositories(store);
        this.files = new StoredFiles(store);
        this.session = session;
        this.storer = new FileStorer(store, session, leftovers);
        this.request = request;
        this.listener = listener;
    }

    /**
     * Stores what is new in the folders and commits it.
     *
     * @return what has become of each folder, in their order
     * @throws IOException if it can't be done; every branch is as it was before
     */
    List<PackedRepo> pack(List<FolderPlan> plans) throws IOException {
        List<FolderPlan> changed = new ArrayList<>();
        for (FolderPlan plan : plans) {
            if (!isAsCommitted(plan)) {
                changed.add(plan);
            }
        }
        boolean baseFirst = request.baseFolder().isPresent();
        List<FolderPlan> base = changed.stream()
                .filter(plan -> baseFirst && plan.target().equals(request.baseFolder().get()))
                .toList();
        List<FolderPlan> members =
                changed.stream().filter(plan -> !base.contains(plan)).toList();
        // The base is what others rest on: it is kept whole whatever the members become.
        store(base, List.of(), PackCoding.EXACT);
        store(members, baseWeights(plans), request.coding());
        return commit(plans);
    }

    /** Returns what is committed as approximations in the branches that the folders go to, by object. */
    private Map<Digest, CommitFile> approximations(List<FolderPlan> plans) throws IOException {
        Map<Digest, CommitFile> found = new HashMap<>();
        for (FolderPlan plan : plans) {
            Optional<Commit> head = repositories.head(plan.target().repo(), RefName.MAIN);
            if (head.isPresent()) {
                for (CommitFile file : head.get().files()) {
                    if (file.original().isPresent()) {
                        found.put(file.object(), file);
                    }
                }
            }
        }
        return found;
    }

    private boolean isAsCommitted(FolderPlan plan) throws IOException {
        Optional<Commit> head = repositories.head(plan.target().repo(), RefName.MAIN);
        boolean isWanted = request.coding().equals(PackCoding.EXACT)
                && head.isPresent()
                && head.get().files().stream().allMatch(file -> file.original().isEmpty());
        if (!isWanted || !CommitWriter.isSame(head.get(), plan.target().family(), plan.digests())) {
            return false;
        }
        for (CommitFile committed : head.get().files()) {
            stored.put(
                    committed.sha256(),
                    new FileStorer.Stored(
                            committed.kind(),
                            committed.object(),
                            committed.storedSize(),
                            Optional.empty(),
                            committed.shared(),
                            committed.firstPart()));
        }
        return true;
    }

    /** Stores every file of some folders that isn't stored yet. */
    private void store(List<FolderPlan> plans, List<StoredWeights> base, PackCoding coding) throws IOException {
        FileStorer.Wish wish = new FileStorer.Wish(
                coding, base.stream().map(weights -> weights.file().sha256()).toList());
        Map<Digest, CommitFile> committed = approximations(plans);
        Map<Digest, FolderPlan.Member> fresh = new LinkedHashMap<>();
        for (FolderPlan plan : plans) {
            for (FolderPlan.Member member : plan.files()) {
                Digest sha256 = member.fingerprint().sha256();
                if (!stored.containsKey(sha256) && !fresh.containsKey(sha256)) {
                    boolean asIs = coding.equals(PackCoding.EXACT) || !FileTypes.isSafetensors(member.path());
                    Optional<FileStorer.Stored> known = asIs
                            ? storer.find(member.fingerprint())
                            : storer.find(member.fingerprint(), wish, committed);
                    known.ifPresentOrElse(found -> stored.put(sha256, found), () -> fresh.put(sha256, member));
                }
            }
        }
        List<WeightJob> weights = new ArrayList<>();
        List<FolderPlan.Member> others = new ArrayList<>();
        for (FolderPlan.Member member : fresh.values()) {
            if (FileTypes.isSafetensors(member.path())) {
                weights.add(new WeightJob(member.path(), member.file(), member.fingerprint()));
            } else {
                others.add(member);
            }
        }
        storeOthers(others);
        if (!weights.isEmpty()) {
            storeWeights(weights, base, siblings(plans, base), wish);
        }
    }

    /**
     * Stores one weight file without loss, with what the store has of its family.
     *
     * @return how it is stored
     * @throws IOException if it can't be read or the store can't be written
     */
    FileStorer.Stored store(WeightJob job, FamilyMembers.Family family) throws IOException {
        List<StoredWeights> base = sketched(family.base(), Role.ROLE_BASE);
        FileStorer.Wish wish = new FileStorer.Wish(
                PackCoding.EXACT, base.stream().map(weights -> weights.file().sha256()).toList());
        storeWeights(List.of(job), base, sketched(family.siblings(), Role.ROLE_SIBLING), wish);
        return job.result();
    }

    private void storeOthers(List<FolderPlan.Member> others) throws IOException {
        if (others.isEmpty()) {
            return;
        }
        long bytes = others.stream().mapToLong(member -> member.fingerprint().size()).sum();
        Progress progress = listener.begins("storing", bytes);
        Workers.run(request.jobs(), others, member -> {
            Fingerprint fingerprint = member.fingerprint();
            FileStorer.Stored made = FileTypes.isNeverParsed(member.path())
                    ? storer.storePlain(member.file(), fingerprint)
                    : storer.storeBytes(member.file(), fingerprint, 1);
            stored.put(fingerprint.sha256(), made);
            progress.advance(fingerprint.size());
        });
    }

    private void storeWeights(
            List<WeightJob> jobs, List<StoredWeights> base, List<StoredWeights> siblings, FileStorer.Wish wish)
            throws IOException {
        Workers.run(request.jobs(), jobs, job -> {
            try (SafetensorsFile file = SafetensorsFile.open(job.file())) {
                job.sketch(FileSketch.of(file));
            }
        });
        MixedSiblings mixed = new MixedSiblings(files, siblings);
        mixed.read(jobs);
        new SiblingChooser(base, siblings).choose(jobs, mixed);
        try (BasisChooser chooser = new BasisChooser(files, storer, session, listener, request.jobs())) {
            chooser.choose(jobs, siblings, wish.coding());
            Map<Integer, List<WeightJob>> waves = new TreeMap<>();
            jobs.forEach(job -> waves.computeIfAbsent(job.wave(), wave -> new ArrayList<>()).add(job));
            Progress progress = listener.begins(
                    "packing", jobs.stream().mapToLong(job -> job.fingerprint().size()).sum());
            for (List<WeightJob> wave : waves.values()) {
                int threads = Math.max(1, request.jobs() / wave.size());
                Workers.run(request.jobs(), wave, job -> encode(job, wish, threads, progress));
            }
        }
        if (wish.coding().energy().isPresent()) {
            tellWhatIsMissing(jobs, wish.coding().energy().getAsDouble());
        }
    }

    /** Says which layers keep less than was asked for: what lies outside of the directions they can't. */
    private void tellWhatIsMissing(List<WeightJob> jobs, double energy) throws IOException {
        int fewer = 0;
        double least = 1;
        for (WeightJob job : jobs) {
            double kept = FileStorer.kept(store.open(job.result().object()));
            fewer += kept < energy ? 1 : 0;
            least = Math.min(least, kept);
        }
        if (fewer > 0) {
            listener.tells("the first layers of %d of %d files keep less than %s of the energy, the poorest %.4f:"
                    .formatted(fewer, jobs.size(), energy, least) + " the directions hold no more of them");
        }
    }

    private void encode(WeightJob job, FileStorer.Wish wish, int threads, Progress progress) throws IOException {
        Deque<Closeable> open = new ArrayDeque<>();
        try {
            List<Reference> references = new ArrayList<>();
            for (StoredWeights weights : job.stored()) {
                DecodedFile file = files.open(weights.file());
                open.push(file);
                references.add(new Reference(
                        weights.file().object(), weights.file().sha256(), weights.role(), file, weights.depth()));
            }
            for (WeightJob earlier : job.earlier()) {
                int depth = depth(earlier);
                if (depth <= SiblingChooser.DEEPEST_SIBLING) {
                    references.add(sibling(earlier, depth, open));
                }
            }
            EncodeOptions options = wish.coding().options(threads);
            FileStorer.Coding coding = new FileStorer.Coding(references, job.basis(), options, wish);
            job.done(storer.storeTensors(job.file(), job.fingerprint(), coding, progress));
            stored.put(job.fingerprint().sha256(), job.result());
        } finally {
            while (!open.isEmpty()) {
                open.pop().close();
            }
        }
    }

    /** A file of this run that may predict another: itself where it is at hand, as that reads fastest. */
    private Reference sibling(WeightJob earlier, int depth, Deque<Closeable> open) throws IOException {
        FileStorer.Stored as = earlier.result();
        Fingerprint kept = kept(earlier);
        DecodedFile file = as.approximation().isEmpty()
                ? SafetensorsFile.open(earlier.file())
                : files.dependencies().open(as.object(), kept.sha256());
        open.push(file);
        return new Reference(as.object(), kept.sha256(), Role.ROLE_SIBLING, file, depth);
    }

    /** The file that what was stored of a job decodes to. */
    private static Fingerprint kept(WeightJob job) {
        return job.result().approximation().orElse(job.fingerprint());
    }

    /** How deep a file of this run is as it was stored: layers, which no chooser foresees, may have made it deeper. */
    private int depth(WeightJob job) throws IOException {
        FileStorer.Stored as = job.result();
        Fingerprint kept = kept(job);
        return files.depth(
                new CommitFile(job.path(), kept.size(), kept.sha256(), kept.gitOid(), as.kind(), as.object(),
                        as.size()));
    }

    /** Returns the weight files of the base, which is in the store by now. */
    private List<StoredWeights> baseWeights(List<FolderPlan> plans) throws IOException {
        List<CommitFile> base = new ArrayList<>();
        request.baseCommit().ifPresent(commit -> base.addAll(commit.files()));
        for (FolderPlan plan : plans) {
            if (request.baseFolder().isPresent() && plan.target().equals(request.baseFolder().get())) {
                base.addAll(content(plan).files());
            }
        }
        return sketched(base, Role.ROLE_BASE);
    }

    /** Returns the weight files of the same families that are in the store, but those of the base. */
    private List<StoredWeights> siblings(List<FolderPlan> plans, List<StoredWeights> base) throws IOException {
        Set<String> families = new HashSet<>();
        plans.forEach(plan -> families.add(plan.target().family()));
        Map<Digest, CommitFile> found = new HashMap<>();
        for (RepoId repo : repositories.list()) {
            Optional<Commit> head = repositories.head(repo, RefName.MAIN);
            if (head.isPresent() && families.contains(head.get().family())) {
                head.get().files().forEach(file -> found.put(file.object(), file));
            }
        }
        base.forEach(weights -> found.remove(weights.file().object()));
        List<CommitFile> ordered = new ArrayList<>(found.values());
        ordered.sort(Comparator.comparing(CommitFile::object));
        return sketched(ordered, Role.ROLE_SIBLING);
    }

    private List<StoredWeights> sketched(List<CommitFile> candidates, Role role) throws IOException {
        List<CommitFile> weights = candidates.stream()
                .filter(file -> file.kind() == FileKind.RECORD && FileTypes.isSafetensors(file.path()))
                .toList();
        Map<Digest, StoredWeights> made = new ConcurrentHashMap<>();
        Workers.run(request.jobs(), weights, file -> {
            try (DecodedFile decoded = files.open(file)) {
                int depth = files.depth(file);
                made.put(file.object(), new StoredWeights(file, role, depth, FileSketch.of(decoded)));
            } catch (ContainerException | CorruptStoreException e) {
                // A damaged base must be put right; a damaged sibling is only passed over, and verify tells of it.
                if (role == Role.ROLE_BASE) {
                    throw e;
                }
            }
        });
        return weights.stream()
                .flatMap(file -> Stream.ofNullable(made.get(file.object())))
                .toList();
    }

    private List<PackedRepo> commit(List<FolderPlan> plans) throws IOException {
        CommitWriter writer = new CommitWriter(repositories, session);
        try {
            List<PackedRepo> packed = new ArrayList<>();
            for (FolderPlan plan : plans) {
                packed.add(writer.commit(content(plan)));
            }
            return packed;
        } catch (IOException | RuntimeException e) {
            writer.undo(e);
            throw e;
        }
    }

    private CommitWriter.Content content(FolderPlan plan) {
        List<CommitFile> committed = new ArrayList<>();
        for (FolderPlan.Member member : plan.files()) {
            Fingerprint fingerprint = member.fingerprint();
            FileStorer.Stored as = stored.get(fingerprint.sha256());
            if (as == null) {
                throw new IllegalStateException(member.path() + " was not stored");
            }
            Fingerprint kept = as.approximation().orElse(fingerprint);
            committed.add(new CommitFile(
                    member.path(),
                    kept.size(),
                    kept.sha256(),
                    kept.gitOid(),
                    as.kind(),
                    as.object(),
                    as.size(),
                    as.approximation().map(approximation -> fingerprint.sha256()),
                    as.shared(),
                    as.firstPart()));
        }
        PackFolder target = plan.target();
        boolean asStored = !request.coding().equals(PackCoding.EXACT);
        return new CommitWriter.Content(
                target.repo(), target.family(), request.author(), request.message(), committed, asStored);
    }
}
