package io.weightspan.codec.basis;

import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Fits the directions that members of a family share: for each matrix slot the eigenvectors of the sums of D D^T and of
 * D^T D over the members, D being a member's difference from the base (mode-wise higher-order SVD; L. De Lathauwer et
 * al., "A multilinear singular value decomposition", SIAM J. Matrix Anal. Appl. 21, 2000).
 *
 * <p>Members are read slot by slot, so memory depends on the largest slots and the threads, not on the model.
 * Thread-safe.
 */
public final class BasisFitter {
    /** The products of a longer side's elements with each other are not made. */
    public static final int LONGEST_GRAM = 1_024;

    /** What a slot of products is called: the pair's name and this. */
    public static final String PRODUCT = ".product";

    /** What the components of a slot of products are called: the slot's name and this. */
    public static final String COMPONENTS = ".components";

    /** A longer side is left as it is: its directions would not fit. */
    public static final int LONGEST_SIDE = 1 << 16;

    /** A smaller slot holds too little to pay for directions. */
    private static final long SMALLEST_SLOT = 1_024;

    /** A smaller tensor takes no fewer bytes as numbers than as it is. */
    private static final long SMALLEST_SPAN = 64;

    /** Elements of all flattened directions of a slot together. */
    private static final long LARGEST_SPAN = 1L << 25;

    /** A mean that holds less of the members' energy than this part saves less than it takes. */
    private static final double LEAST_OF_MEAN = 0.25;

    /** The mean of unrelated members holds one of as many parts of their energy as there are. */
    private static final double UNRELATED_MEANS = 1.5;

    private final int threads;
    private final LongConsumer progress;
    private final boolean takesMean;

    /**
     * Makes a fitter.
     *
     * @param threads slots fitted at once, at least 1
     * @param progress hears of bytes of members as they are read, from any thread; slots that are not fitted are not
     *     told of
     */
    public BasisFitter(int threads, LongConsumer progress) {
        this(threads, progress, false);
    }

    private BasisFitter(int threads, LongConsumer progress, boolean takesMean) {
        this.threads = threads;
        this.progress = progress;
        this.takesMean = takesMean;
    }

    /**
     * A fitter that takes differences from the members' mean where there is no base: {@link #fit} finds it then, and
     * each slot whose mean holds much of the energy comes with it.
     *
     * @return the fitter
     */
    public BasisFitter takingMeans() {
        return new BasisFitter(threads, progress, true);
    }

    /**
     * A slot to be fitted.
     *
     * @param like name and shape
     * @param members the members that have it so
     * @param center what they started from
     */
    private record Slot(TensorInfo like, List<MemberTensor> members, @Nullable MemberTensor center) {}

    /**
     * Fits every slot that at least two members, and at least half of them, have in one shape.
     *
     * @param members the members, at least one
     * @param base what they started from, or empty: the differences are the tensors themselves then, or those from
     *     their mean
     * @param known files of directions that the members' family has already, the oldest first: those found are
     *     orthogonal to them
     * @return the slots, in the order of the first member
     * @throws IOException if a file cannot be read
     */
    public List<SharedDirections> fit(
            List<? extends DecodedFile> members, Optional<? extends DecodedFile> base, List<DecodedFile> known)
            throws IOException {
        BasisSegments segments = new BasisSegments(known);
        return inParallel(
                slots(members, base.orElse(null), BasisFitter::isSlot),
                slot -> Optional.ofNullable(fit(slot, segments)));
    }

    /**
     * Fits the products of the pairs of factors that at least two members, and at least half of them, have in one
     * shape.
     *
     * @param members the members, at least one
     * @return the pairs, each by its name and {@link #PRODUCT}
     * @throws IOException if a file cannot be read
     */
    public List<SharedDirections> fitProducts(List<? extends DecodedFile> members) throws IOException {
        Map<String, List<ThinPair>> pairs = new LinkedHashMap<>();
        for (DecodedFile member : members) {
            for (FactorPair pair : FactorPair.of(member.tensors())) {
                TensorInfo left = member.tensors().get(pair.left());
                TensorInfo right = member.tensors().get(pair.right());
                String key = pair.slot() + ' ' + left.rows(1) + ' ' + right.columns(1);
                pairs.computeIfAbsent(key, name -> new ArrayList<>())
                        .add(new ThinPair(new MemberTensor(member, left), new MemberTensor(member, right),
                                pair.slot()));
            }
        }
        List<SharedDirections> found = new ArrayList<>();
        for (List<ThinPair> same : pairs.values()) {
            if (same.size() >= Math.max(2, (members.size() + 1) / 2) || members.size() == 1) {
                found.addAll(fitProduct(same));
            }
        }
        return found;
    }

    /** The two factors of a member. */
    private record ThinPair(MemberTensor left, MemberTensor right, String slot) {}

    /** The product's directions, and how large its components are: those of members of as many as the first has. */
    private List<SharedDirections> fitProduct(List<ThinPair> members) throws IOException {
        int rows = (int) members.getFirst().left().tensor().rows(1);
        int columns = (int) members.getFirst().right().tensor().columns(1);
        StackedColumns left = new StackedColumns(rows);
        StackedColumns right = new StackedColumns(columns);
        double energy = 0;
        double[] components = new double[(int) members.getFirst().left().tensor().columns(1)];
        for (ThinPair pair : members) {
            int inner = (int) pair.left().tensor().columns(1);
            ThinProduct product = new ThinProduct(read(pair.left()), read(pair.right()), rows, inner, columns);
            progress.accept(pair.left().tensor().byteLength() + pair.right().tensor().byteLength());
            double square = product.dot(product);
            if (square <= Float.MAX_VALUE) {
                energy += square;
                product.addTo(left, right);
                product.scaled().filter(scaled -> scaled.values().length == components.length).ifPresent(scaled -> {
                    for (int t = 0; t < components.length; t++) {
                        components[t] += scaled.values()[t] * scaled.values()[t];
                    }
                });
            }
        }
        if (energy == 0) {
            return List.of();
        }
        double mean = energy / rows / columns;
        String name = members.getFirst().slot() + PRODUCT;
        return List.of(
                new SharedDirections(name, rows, columns, left.side(columns, mean), right.side(rows, mean)),
                SharedDirections.components(name + COMPONENTS, components));
    }

    private static <T> T await(Future<T> future, ExecutorService executor) throws IOException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            executor.shutdownNow();
            if (e.getCause() instanceof IOException io) {
                throw io;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while fitting");
        }
    }

    /**
     * Fits the directions that the members span in every slot that at least two of them, and at least half, have in one
     * shape, each tensor flattened. A slot whose directions would not fit into memory is left out.
     *
     * @param members the members, at least one
     * @param base what they started from, or empty: the differences are the tensors themselves then
     * @param most directions of a slot at most, at least 1
     * @param least part of the energy that those before it leave which a direction must hold, 0 to 1
     * @return the slots, each with right directions as long as its tensor has elements
     * @throws IOException if a file cannot be read
     */
    public List<SharedDirections> fitSpans(
            List<? extends DecodedFile> members, Optional<? extends DecodedFile> base, int most, double least)
            throws IOException {
        Predicate<TensorInfo> serves = tensor -> tensor.dtype().isReal()
                && tensor.elementCount() >= SMALLEST_SPAN
                && tensor.elementCount() * Math.min(most, members.size()) <= LARGEST_SPAN;
        List<Slot> slots = slots(members, base.orElse(null), serves);
        return inParallel(slots, slot -> {
            Optional<SharedDirections> found =
                    new SpanFitter(slot.like(), slot.members(), slot.center()).fit(most, least);
            slot.members().forEach(one -> progress.accept(one.tensor().byteLength()));
            return found;
        });
    }

    /** Fits a slot. */
    @FunctionalInterface
    private interface OneSlot {
        Optional<SharedDirections> fit(Slot slot) throws IOException;
    }

    private List<SharedDirections> inParallel(List<Slot> slots, OneSlot fitter) throws IOException {
        List<SharedDirections> found = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(Math.max(1, threads))) {
            List<Future<Optional<SharedDirections>>> running = new ArrayList<>();
            for (Slot slot : slots) {
                running.add(executor.submit(() -> fitter.fit(slot)));
            }
            for (Future<Optional<SharedDirections>> one : running) {
                await(one, executor).ifPresent(found::add);
            }
        }
        return found;
    }

    private static List<Slot> slots(
            List<? extends DecodedFile> members, @Nullable DecodedFile base, Predicate<TensorInfo> serves) {
        Map<String, Map<List<Long>, List<MemberTensor>>> places = new LinkedHashMap<>();
        for (DecodedFile member : members) {
            for (TensorInfo tensor : member.tensors()) {
                if (serves.test(tensor)) {
                    places.computeIfAbsent(tensor.name(), name -> new LinkedHashMap<>())
                            .computeIfAbsent(tensor.shape(), shape -> new ArrayList<>())
                            .add(new MemberTensor(member, tensor));
                }
            }
        }
        List<Slot> slots = new ArrayList<>();
        Map<String, TensorInfo> centers = new HashMap<>();
        if (base != null) {
            base.tensors().forEach(tensor -> centers.put(tensor.name(), tensor));
        }
        for (Map<List<Long>, List<MemberTensor>> shapes : places.values()) {
            for (List<MemberTensor> same : shapes.values()) {
                TensorInfo like = same.getFirst().tensor();
                TensorInfo center = centers.get(like.name());
                boolean fits = center != null
                        && center.elementCount() == like.elementCount()
                        && center.dtype().isReal();
                boolean shared = same.size() >= Math.max(2, (members.size() + 1) / 2) || members.size() == 1;
                if (shared && (base == null || fits)) {
                    slots.add(new Slot(like, same,
                            base == null || center == null ? null : new MemberTensor(base, center)));
                }
            }
        }
        return slots;
    }

    private static boolean isSlot(TensorInfo tensor) {
        return tensor.dtype().isReal()
                && tensor.shape().size() >= 2
                && tensor.elementCount() >= SMALLEST_SLOT
                && tensor.elementCount() <= Integer.MAX_VALUE / 8
                && Math.min(tensor.rows(1), tensor.columns(1)) <= LONGEST_SIDE
                && Math.min(tensor.rows(1), tensor.columns(1)) > 1;
    }

    private @Nullable SharedDirections fit(Slot slot, BasisSegments known) throws IOException {
        String name = slot.like().name();
        Optional<MemberTensor> stored = known.mean(name, slot.like().elementCount());
        boolean isNew = takesMean
                && slot.center() == null
                && slot.members().size() > 1
                && !known.slots().contains(name);
        SharedDirections.Mean mean = isNew ? mean(slot) : null;
        float[] from = null;
        if (slot.center() != null) {
            from = read(slot.center());
        } else if (mean != null) {
            from = values(mean, Math.toIntExact(slot.like().elementCount()));
        } else if (stored.isPresent()) {
            from = read(stored.get());
        }
        int rows = (int) slot.like().rows(1);
        int columns = (int) slot.like().columns(1);
        SideFitter left = new SideFitter(rows, columns, true, known.left(name, rows));
        SideFitter right = new SideFitter(rows, columns, false, known.right(name, columns));
        boolean isTwice = left.needsSecond() || right.needsSecond();
        double energy = add(slot, from, left, right, isTwice ? 2 : 1);
        if (energy == 0) {
            return null;
        }
        if (isTwice) {
            left.beginSecond();
            right.beginSecond();
            add(slot, from, left, right, 2);
        }
        double each = energy / rows / columns;
        return new SharedDirections(name, rows, columns, left.side(each), right.side(each), mean);
    }

    /** The members' mean where it holds enough of their energy to be worth storing; else null. */
    private SharedDirections.@Nullable Mean mean(Slot slot) throws IOException {
        double[] sum = new double[Math.toIntExact(slot.like().elementCount())];
        double energy = 0;
        int count = 0;
        for (MemberTensor member : slot.members()) {
            float[] values = read(member);
            double square = subtract(values, null);
            if (square <= Float.MAX_VALUE) {
                energy += square;
                count++;
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += values[i];
                }
            }
        }
        double ofMean = 0;
        float[] mean = new float[sum.length];
        for (int i = 0; i < sum.length && count > 0; i++) {
            mean[i] = (float) (sum[i] / count);
            ofMean += (double) mean[i] * mean[i] * count;
        }
        if (count < 2 || ofMean < LEAST_OF_MEAN * energy || ofMean < UNRELATED_MEANS / count * energy) {
            return null;
        }
        DType dtype = slot.like().dtype() == DType.F16 ? DType.F16 : DType.BF16;
        byte[] bytes = new byte[mean.length * Short.BYTES];
        CentredElements.add(dtype, null, mean, mean.length, MemorySegment.ofArray(bytes));
        return new SharedDirections.Mean(dtype, bytes);
    }

    private static float[] values(SharedDirections.Mean mean, int n) {
        CentredElements.Center elements =
                new CentredElements.Center(MemorySegment.ofArray(mean.elements()), mean.dtype());
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = elements.value(i);
        }
        return values;
    }

    /** Adds the members' differences to both sides; their energy. */
    private double add(Slot slot, float @Nullable [] from, SideFitter left, SideFitter right, int passes)
            throws IOException {
        double energy = 0;
        for (int i = 0; i < slot.members().size(); i++) {
            MemberTensor member = slot.members().get(i);
            float[] d = read(member);
            progress.accept(member.tensor().byteLength() / passes);
            double square = subtract(d, from);
            // A member with NaN or infinity tells nothing of the directions.
            if (square <= Float.MAX_VALUE) {
                energy += square;
                left.add(i, d);
                right.add(i, d);
            }
        }
        return energy;
    }

    /** Subtracts in place; the sum of squares, which is not finite if an element is not. */
    private static double subtract(float[] d, float @Nullable [] from) {
        double square = 0;
        for (int i = 0; i < d.length; i++) {
            d[i] -= from == null ? 0 : from[i];
            square += (double) d[i] * d[i];
        }
        return square;
    }

    private static float[] read(MemberTensor place) throws IOException {
        float[] values = new float[Math.toIntExact(place.tensor().elementCount())];
        CentredElements.read(place.file(), place.tensor(), 0, values.length, values);
        return values;
    }
}
