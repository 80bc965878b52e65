package io.weightspan.server.repo;

import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.BasisSegments;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.MemberTensor;
import io.weightspan.codec.container.Container;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.Limits;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Dependency;
import io.weightspan.format.v1.Role;
import io.weightspan.server.store.ObjectStore;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The directions that the records of a family use, opened: of the bases that records at the heads of main branches name
 * that of the most segments, or, among such, of the most records. Directions are read when they are asked for. Closing
 * it closes the files. Thread-safe but for closing.
 */
public final class FamilyBasis implements Closeable {

    private final List<Digest> objects;
    private final String path;
    private final Optional<Base> base;
    private final DecodedFile like;
    private final BasisSegments segments;
    private final List<Slot> slots = new ArrayList<>();
    private final List<String> leftOut = new ArrayList<>();
    private final Closer open;

    /**
     * What the family started from.
     *
     * @param object the stored object
     * @param file the SHA-256 of the file that it decodes to
     * @param commit a commit that has it, or empty
     */
    public record Base(Digest object, Digest file, Optional<Commit> commit) {}

    /**
     * A tensor whose difference from the base has coefficients.
     *
     * @param tensor the base's, or a member's where there is no base
     * @param rows m, rows of the matrix
     * @param columns n
     * @param left left directions there are, or empty where the left side is the identity
     * @param right right directions there are, or empty likewise
     */
    public record Slot(
            TensorInfo tensor, int rows, int columns, Optional<Integer> left, Optional<Integer> right) {

        /** Returns k: rows of coefficients. */
        public int k() {
            return left.orElse(rows);
        }

        /** Returns l: columns of coefficients. */
        public int l() {
            return right.orElse(columns);
        }
    }

    /** What a record needs. */
    private record Needs(List<Dependency> segments, Optional<Dependency> base) {}

    private FamilyBasis(StoredFiles files, Needs needs, CommitFile member, Optional<Commit> holder,
            Closer open)
            throws IOException {
        this.open = open;
        objects = needs.segments().stream().map(one -> Digest.of(one.getObjectSha256())).toList();
        path = member.path();
        List<DecodedFile> opened = new ArrayList<>();
        for (Dependency segment : needs.segments()) {
            opened.add(keep(files, segment));
        }
        segments = new BasisSegments(opened);
        base = needs.base()
                .map(one -> new Base(Digest.of(one.getObjectSha256()), Digest.of(one.getFileSha256()), holder));
        if (needs.base().isPresent()) {
            like = keep(files, needs.base().get());
        } else {
            like = open.add(files.openRecord(member, Verification.CHUNKS));
        }
        findSlots();
    }

    private DecodedFile keep(StoredFiles files, Dependency needed) throws IOException {
        DecodedFile file =
                files.dependencies().open(Digest.of(needed.getObjectSha256()), Digest.of(needed.getFileSha256()));
        return open.add(file);
    }

    /**
     * Opens a family's basis.
     *
     * @param store the store
     * @param family the family
     * @return its basis, to be closed
     * @throws RefusedException if there is no such family, or its records use no basis
     * @throws IOException if the store can't be read or a record is damaged
     */
    public static FamilyBasis open(ObjectStore store, String family) throws IOException {
        Repositories repositories = new Repositories(store);
        Map<Needs, List<CommitFile>> uses = new LinkedHashMap<>();
        boolean known = false;
        for (RepoId repo : repositories.list()) {
            Optional<Commit> head = repositories.head(repo, RefName.MAIN);
            if (head.isPresent() && head.get().family().equals(family)) {
                known = true;
                for (CommitFile file : head.get().files()) {
                    needs(store, file).ifPresent(
                            needs -> uses.computeIfAbsent(needs, key -> new ArrayList<>()).add(file));
                }
            }
        }
        Map.Entry<Needs, List<CommitFile>> most = uses.entrySet().stream()
                .max(Comparator.<Map.Entry<Needs, List<CommitFile>>>comparingInt(
                        use -> use.getKey().segments().size())
                        .thenComparingInt(use -> use.getValue().size()))
                .orElse(null);
        if (most == null) {
            throw new RefusedException(known
                    ? "no record of family " + family + " uses shared directions; pack at least four members, or with"
                            + " --rate, and see with 'analyze' what they share"
                    : "there is no family " + family);
        }
        Optional<Dependency> base = most.getKey().base();
        Optional<Commit> holder = Optional.empty();
        if (base.isPresent()) {
            CommitFile any = most.getValue().getFirst();
            BaseFinder finder = new BaseFinder(repositories);
            holder = finder.holder(finder.basesOf(any).keySet());
        }
        Closer open = new Closer();
        try {
            return new FamilyBasis(
                    new StoredFiles(store), most.getKey(), most.getValue().getFirst(), holder, open);
        } catch (IOException | RuntimeException e) {
            open.close();
            throw e;
        }
    }

    private static Optional<Needs> needs(ObjectStore store, CommitFile file) throws IOException {
        if (file.kind() != FileKind.RECORD || !FileTypes.isSafetensors(file.path())) {
            return Optional.empty();
        }
        try (Container container = Container.open(store.open(file.object()), Verification.STRUCTURE)) {
            List<Dependency> all = container.front().getDependenciesList();
            List<Dependency> segments =
                    all.stream().filter(one -> one.getRole() == Role.ROLE_BASIS).toList();
            Optional<Dependency> base =
                    all.stream().filter(one -> one.getRole() == Role.ROLE_BASE).findFirst();
            return segments.isEmpty() ? Optional.empty() : Optional.of(new Needs(segments, base));
        }
    }

    private void findSlots() throws IOException {
        Map<String, TensorInfo> tensors = new LinkedHashMap<>();
        like.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
        for (String name : segments.slots()) {
            TensorInfo tensor = tensors.get(name);
            if (name.endsWith(BasisFitter.PRODUCT + BasisFitter.COMPONENTS)) {
                continue;
            }
            if (tensor == null) {
                leftOut.add(name.endsWith(BasisFitter.PRODUCT)
                        ? name + ": a product of two tensors"
                        : name + ": the base has no such tensor");
                continue;
            }
            int dims = tensor.shape().size() < 2 ? 0 : 1;
            long rows = tensor.rows(dims);
            long columns = tensor.columns(dims);
            if (!tensor.dtype().isReal() || tensor.elementCount() > Limits.TURNED) {
                leftOut.add(name + ": of " + tensor.dtype() + " and " + tensor.elementCount() + " elements");
                continue;
            }
            Optional<Integer> left = segments.left(name, rows).map(Directions::count);
            Optional<Integer> right = segments.right(name, columns).map(Directions::count);
            if (left.orElse((int) rows) * columns > Limits.TURNED) {
                leftOut.add(name + ": larger than a reader takes once the rows are turned");
            } else if (left.isPresent() || right.isPresent()) {
                slots.add(new Slot(tensor, (int) rows, (int) columns, left, right));
            }
        }
    }

    /** Returns the basis's objects, the oldest first; directions are numbered through them. */
    public List<Digest> objects() {
        return objects;
    }

    /** Returns the path that a member's weights have. */
    public String path() {
        return path;
    }

    /** Returns what the family started from, or empty: differences are the tensors themselves then. */
    public Optional<Base> base() {
        return base;
    }

    /** Returns the slots, in the basis's order. */
    public List<Slot> slots() {
        return List.copyOf(slots);
    }

    /** Returns directions that are of no slot, each with the reason. */
    public List<String> leftOut() {
        return List.copyOf(leftOut);
    }

    /** Returns the base's file, or a member's where there is no base. */
    DecodedFile like() {
        return like;
    }

    /**
     * Reads left directions.
     *
     * @param slot one of {@link #slots}
     * @return the directions, or null where the left side is the identity
     * @throws IOException if a file can't be read
     */
    public @Nullable Directions left(Slot slot) throws IOException {
        return segments.left(slot.tensor().name(), slot.rows()).orElse(null);
    }

    /**
     * Reads right directions.
     *
     * @param slot one of {@link #slots}
     * @return the directions, or null where the right side is the identity
     * @throws IOException if a file can't be read
     */
    public @Nullable Directions right(Slot slot) throws IOException {
        return segments.right(slot.tensor().name(), slot.columns()).orElse(null);
    }

    /**
     * Finds the mean that a slot's differences are taken from.
     *
     * @param slot one of {@link #slots}
     * @return the tensor, or empty where the family has a base, or differences are the tensors themselves
     */
    public Optional<MemberTensor> mean(Slot slot) {
        return base.isPresent()
                ? Optional.empty()
                : segments.mean(slot.tensor().name(), slot.tensor().elementCount());
    }

    @Override
    public void close() throws IOException {
        open.close();
    }
}
