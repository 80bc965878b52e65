package io.weightspan.codec.analysis;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.family.Progress;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Analyses a family slot by slot, so that memory depends on the largest slots, not on the model: of each slot at hand
 * the differences are held where {@link AnalysisOptions#heldBytes()} allows it and read again and again where not, and
 * beside them a few tensors of its size. Stateless.
 */
public final class FamilyAnalyzer {
    private FamilyAnalyzer() {}

    /** The base of a family: its name and the file. */
    private record Base(@Nullable String name, @Nullable DecodedFile file) {}

    /**
     * Analyses a family.
     *
     * @param family its name
     * @param members its members, in an order that does not depend on chance: it decides who is held out
     * @param base what they started from, or null: differences are taken from the mean of the fitted members then, and
     *     so they are in slots that the base does not have in the same shape
     * @param options how
     * @param progress hears of the members' bytes, about twice each: once read through, once analysed
     * @return the analysis; of no member where every one holds NaN or infinity
     * @throws IOException if a file cannot be read
     */
    public static FamilyAnalysis analyze(
            String family,
            List<FamilyMember> members,
            @Nullable FamilyMember base,
            AnalysisOptions options,
            Progress progress)
            throws IOException {
        requireNonNull(family, "family is null");
        Base from = base == null ? new Base(null, null) : new Base(base.name(), base.file());
        List<FamilyAnalysis.LeftOut> leftOut = new ArrayList<>();
        List<FamilyMember> kept = finite(sampled(members, options, leftOut), leftOut, progress);
        HeldOut split = HeldOut.of(kept.size(), options.holdOutEvery());
        List<FamilySlot> slots = checked(FamilySlot.of(kept, from.file()), from.file());
        List<ProductAnalysis> products = products(kept, slots, split, options);
        FamilySums sums = new FamilySums(kept.size());
        sum(kept, slots, from.file(), split, options, progress, sums);
        List<FamilyRate> rates = sums.rates();
        List<String> names = kept.stream().map(FamilyMember::name).toList();
        double[][] cosines = sums.cosines();
        Clusters clusters = Clusters.of(names, cosines, sums.nullCosine());
        List<String> held = Arrays.stream(split.held()).mapToObj(names::get).toList();
        return new FamilyAnalysis(
                family,
                kept.size(),
                Verdict.of(sums, kept.size(), from.file() != null),
                names,
                held,
                leftOut,
                from.name(),
                options.seed(),
                sums.weights(),
                Rounded.six(sums.energy()),
                sums.spectrum(SlotAnalysis::spectrum),
                sums.spectrum(SlotAnalysis::nullSpectrum),
                sums.spectrum(SlotAnalysis::shuffledSpectrum),
                sums.errors(),
                sums.codingGain(),
                rates,
                sums.breakEven(rates),
                clusters,
                cosines,
                AnalysisNotes.of(
                        kept,
                        slots,
                        sums.slots(),
                        from.file() != null,
                        clusters,
                        held,
                        ProductAnalyzer.pairs(kept, slots).size() - products.size()),
                sums.slots(),
                products);
    }

    private static List<ProductAnalysis> products(
            List<FamilyMember> members, List<FamilySlot> slots, HeldOut split, AnalysisOptions options)
            throws IOException {
        long most = options.heldBytes() * options.threads();
        ProductAnalyzer analyzer = new ProductAnalyzer(members, split, options);
        List<ProductAnalysis> products = new ArrayList<>();
        double energy = 0;
        for (ProductAnalyzer.Pair pair : ProductAnalyzer.pairs(members, slots)) {
            // The random factors lie beside the members'.
            if (2 * (pair.left().bytes() + pair.right().bytes()) <= most) {
                products.add(analyzer.analyze(pair));
                energy += products.getLast().energy();
            }
        }
        double all = energy;
        return products.stream().map(product -> product.withEnergyOf(all)).toList();
    }

    private static List<FamilyMember> sampled(
            List<FamilyMember> members, AnalysisOptions options, List<FamilyAnalysis.LeftOut> leftOut) {
        int most = options.mostMembers();
        if (members.size() <= most) {
            return members;
        }
        boolean[] taken = new boolean[members.size()];
        for (int i = 0; i < most; i++) {
            taken[(int) ((long) i * members.size() / most)] = true;
        }
        List<FamilyMember> sample = new ArrayList<>();
        for (int i = 0; i < taken.length; i++) {
            if (taken[i]) {
                sample.add(members.get(i));
            } else {
                leftOut.add(new FamilyAnalysis.LeftOut(
                        members.get(i).name(), "of a large family " + most + " members are analysed"));
            }
        }
        return sample;
    }

    /** The members without NaN and infinity in what all share. */
    private static List<FamilyMember> finite(
            List<FamilyMember> members, List<FamilyAnalysis.LeftOut> leftOut, Progress progress) throws IOException {
        List<FamilySlot> slots = FamilySlot.of(members, null);
        List<FamilyMember> kept = new ArrayList<>();
        for (int member = 0; member < members.size(); member++) {
            String bad = null;
            for (FamilySlot slot : slots) {
                TensorInfo tensor = slot.tensors().get(member);
                if (bad == null && !StoredElements.isFinite(members.get(member).file(), tensor)) {
                    bad = slot.name();
                }
                progress.advance(tensor.byteLength());
            }
            if (bad == null) {
                kept.add(members.get(member));
            } else {
                leftOut.add(new FamilyAnalysis.LeftOut(
                        members.get(member).name(), "tensor " + bad + " holds NaN or infinity"));
            }
        }
        return kept;
    }

    /** The slots, without the base where it is not finite. */
    private static List<FamilySlot> checked(List<FamilySlot> slots, @Nullable DecodedFile base) throws IOException {
        List<FamilySlot> checked = new ArrayList<>();
        for (FamilySlot slot : slots) {
            TensorInfo tensor = slot.base();
            boolean fits = base == null || tensor == null || StoredElements.isFinite(base, tensor);
            checked.add(
                    fits
                            ? slot
                            : new FamilySlot(
                                    slot.name(), slot.shape(), slot.rows(), slot.columns(), slot.tensors(), null));
        }
        return checked;
    }

    private static void sum(
            List<FamilyMember> members,
            List<FamilySlot> slots,
            @Nullable DecodedFile base,
            HeldOut split,
            AnalysisOptions options,
            Progress progress,
            FamilySums sums)
            throws IOException {
        // Results are added in the slots' order, so that sums are the same whatever thread is first; few wait.
        Deque<Future<SlotAnalyzer.Outcome>> running = new ArrayDeque<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(options.threads())) {
            for (FamilySlot slot : slots) {
                if (running.size() >= 2 * options.threads()) {
                    sums.add(await(running.remove()));
                }
                running.add(executor.submit(() -> {
                    SlotAnalyzer.Outcome outcome =
                            new SlotAnalyzer(members, slot, base, split, options).analyze();
                    progress.advance(slot.bytes());
                    return outcome;
                }));
            }
            while (!running.isEmpty()) {
                sums.add(await(running.remove()));
            }
        }
    }

    private static <T> T await(Future<T> future) throws IOException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            switch (Objects.requireNonNull(e.getCause())) {
                case IOException io -> throw io;
                case RuntimeException failure -> throw failure;
                case Error error -> throw error;
                default -> throw new IllegalStateException(e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while analysing");
        }
    }
}
