package io.weightspan.codec.analysis;

import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.RangeFinder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Tells what the numbers of an analysis leave out or take for granted. */
final class AnalysisNotes {
    private AnalysisNotes() {}

    static List<String> of(
            List<FamilyMember> members,
            List<FamilySlot> slots,
            List<SlotAnalysis> analyses,
            boolean hasBase,
            Clusters clusters,
            List<String> held,
            long productsLeftOut) {
        List<String> notes = new ArrayList<>();
        int tensors = members.isEmpty() ? 0 : members.getFirst().file().tensors().size();
        add(notes, tensors - slots.size(), "of the first member's tensors are left out: other members have them in"
                + " another shape or not at all, they are no floats of 16 or 32 bits, or they are too large.");
        long fromMean = slots.stream().filter(slot -> slot.base() == null).count();
        add(notes, hasBase ? fromMean : 0, "slots have no finite tensor of the same shape in the base: differences are"
                + " taken from the mean of the fitted members there.");
        add(notes, sides(slots, BasisFitter.LONGEST_GRAM, BasisFitter.LONGEST_SIDE),
                "sides of matrices are longer than "
                        + BasisFitter.LONGEST_GRAM + ": at most " + RangeFinder.WIDTH
                        + " directions of each were looked for,"
                        + " and what lies outside them is not turned.");
        add(notes, sides(slots, BasisFitter.LONGEST_SIDE, Integer.MAX_VALUE), "sides of matrices are longer than "
                + BasisFitter.LONGEST_SIDE + " and were not turned.");
        long unshuffled = analyses.stream()
                .filter(slot -> slot.shuffledSpectrum().length == 0)
                .count();
        add(notes, unshuffled, "slots are too large to be shuffled in memory: random tensors are their only null.");
        long relatives = held.stream()
                .filter(name -> clusters.groups().stream()
                        .anyMatch(group -> group.contains(name) && !held.containsAll(group)))
                .count();
        add(notes, relatives, "of the members held out are much like fitted ones (clusters), so a stranger would fare"
                + " worse than held-out figures say.");
        add(notes, productsLeftOut,
                "products of factors are left out: the factors of all members do not fit in memory.");
        return notes;
    }

    private static long sides(List<FamilySlot> slots, int above, int most) {
        return slots.stream()
                .filter(FamilySlot::isMatrix)
                .flatMapToInt(slot -> IntStream.of(slot.rows(), slot.columns()))
                .filter(side -> side > above && side <= most)
                .count();
    }

    private static void add(List<String> notes, long count, String text) {
        if (count > 0) {
            notes.add(count + " " + text);
        }
    }
}
