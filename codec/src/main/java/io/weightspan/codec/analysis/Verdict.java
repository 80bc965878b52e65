package io.weightspan.codec.analysis;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Says in one sentence what a family shares and whether a basis pays. */
final class Verdict {
    /** The number of directions that the verdict speaks of, as the subspace's papers do. */
    private static final int DIRECTIONS = 16;

    private final int members;
    private final List<SlotAnalysis> slots;
    private final List<ErrorAtK> errors;
    private final @Nullable CodingGain gain;
    private final List<FamilyRate> rates;
    private final @Nullable Long breakEven;

    Verdict(FamilySums sums, int members) {
        this.members = members;
        slots = sums.slots();
        errors = sums.errors();
        gain = sums.codingGain();
        rates = sums.rates();
        breakEven = sums.breakEven(rates);
    }

    static String of(FamilySums sums, int members, boolean hasBase) {
        if (members == 0) {
            return "No member could be analysed.";
        }
        if (sums.slots().isEmpty()) {
            return "The members have no float tensor in common, so there is nothing to share.";
        }
        if (members == 1) {
            return "One member alone: there is nothing to share with, and no basis can pay.";
        }
        if (sums.energy() == 0 && hasBase) {
            return "All " + members + " members are the same as their base: nothing is left to code, and no basis is"
                    + " needed.";
        }
        if (sums.areIdentical()) {
            return "All " + members + " members are identical: stored once they cost nothing more, and no basis is"
                    + " needed.";
        }
        Verdict verdict = new Verdict(sums, members);
        return verdict.errors.isEmpty() ? verdict.tooFew() : verdict.text();
    }

    private String tooFew() {
        return "With " + members + " members none can be held out, so what they share can't be told from chance: a"
                + " verdict takes three.";
    }

    private String text() {
        long sharing = slots.stream().filter(SlotAnalysis::shares).count();
        double weights = slots.stream().mapToLong(SlotAnalysis::weights).sum();
        double inThem = slots.stream()
                .filter(SlotAnalysis::shares)
                .mapToLong(SlotAnalysis::weights)
                .sum();
        FamilyRate rate = rates.get(SlotAnalyzer.REFERENCE);
        if (breakEven == null) {
            String beyond = sharing == 0
                    ? ""
                    : String.format(
                            Locale.ROOT,
                            "; beyond chance there is something in %d of %d slots, with %.1f %% of the weights",
                            sharing,
                            slots.size(),
                            100 * inThem / weights);
            return "This family shares nothing that pays: " + evidence() + beyond + ".";
        }
        String shared = String.format(
                Locale.ROOT, "This family shares directions in %d of %d slots, which hold %.0f %% of the weights",
                sharing,
                slots.size(),
                100 * inThem / weights);
        String basis = String.format(
                Locale.ROOT, "at step 1 a basis of %s", size(rate.shared().basisBytes()));
        String later =
                String.format(Locale.ROOT, "%s of %s at N = %d", change(rate.tenfold()), size(rate.tenfold().direct()),
                        rate.tenfold().members());
        if (breakEven <= members) {
            return shared + ": " + basis + " " + change(rate.now()) + " of " + size(rate.now().direct())
                    + String.format(Locale.ROOT, " at N = %d and ", members) + later
                    + String.format(Locale.ROOT, ", and pays from N = %d on; ", breakEven)
                    + evidence() + ".";
        }
        return shared + ", yet " + basis + String.format(Locale.ROOT, " does not pay below N = %d: it ", breakEven)
                + change(rate.now())
                + " of " + size(rate.now().direct()) + String.format(Locale.ROOT, " at N = %d and ", members) + later
                + "; " + evidence()
                + ".";
    }

    /** Held out beside in-sample beside the null. */
    private String evidence() {
        ErrorAtK at = errors.getFirst();
        for (ErrorAtK next : errors) {
            at = next.k() <= DIRECTIONS ? next : at;
        }
        String turning = gain == null
                ? ""
                : String.format(
                        Locale.ROOT,
                        "turning gains %.2f bits a weight on members held out (in sample %.2f, on random tensors"
                                + " %.2f) and ",
                        gain.heldOut(),
                        gain.inSample(),
                        gain.random());
        return turning
                + String.format(
                        Locale.ROOT,
                        "%d directions over the models leave %.2f of their norm (in sample %.2f, of random tensors"
                                + " %.2f)",
                        at.k(),
                        at.error(),
                        at.inSampleError(),
                        at.nullError());
    }

    private static String change(FamilyRate.Bytes bytes) {
        double saved = bytes.direct() == 0 ? 0 : 100.0 * (bytes.direct() - bytes.shared()) / bytes.direct();
        return saved >= 0
                ? String.format(Locale.ROOT, "saves %.0f %%", saved)
                : String.format(Locale.ROOT, "adds %.0f %%", -saved);
    }

    private static String size(long bytes) {
        return bytes < 1_000_000
                ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
                : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }
}
