package io.weightspan.server.web;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tensors that one kind of predictor predicts.
 *
 * @param predictor the kind's name
 * @param meaning what that is, for people
 * @param tensors how many
 * @param share their bytes
 */
record PredictorRow(String predictor, String meaning, long tensors, Share share) {

    private static final Map<String, String> MEANINGS = Map.of(
            "none", "nothing: coded as it is",
            "base", "the base's tensor",
            "sibling", "a tensor of another member",
            "self", "an earlier tensor of the same file",
            "modes", "directions that the family shares",
            "layer", "the record's first layer",
            "lowrank", "a product of two thin matrices",
            "product", "a factor, in directions that the family shares",
            "balanced", "a factor with coefficients of its own");

    /** Adds up tensors by what predicts them, the largest originals first. */
    static List<PredictorRow> of(Iterable<RecordSummary> summaries) {
        Map<String, Long> tensors = new HashMap<>();
        Map<String, Share> shares = new HashMap<>();
        for (RecordSummary summary : summaries) {
            for (RecordSummary.Tensor tensor : summary.tensors()) {
                tensors.merge(tensor.through(), 1L, Long::sum);
                shares.merge(tensor.through(), tensor.share(), Share::plus);
            }
        }
        List<PredictorRow> rows = new ArrayList<>();
        shares.forEach((predictor, share) -> rows.add(new PredictorRow(
                predictor, MEANINGS.getOrDefault(predictor, ""), tensors.getOrDefault(predictor, 0L), share)));
        rows.sort(Comparator.comparingLong((PredictorRow row) -> -row.share().bytes())
                .thenComparing(PredictorRow::predictor));
        return rows;
    }

    /** Returns the sum of some rows. */
    static Share total(List<PredictorRow> rows) {
        return rows.stream().map(PredictorRow::share).reduce(new Share(0, 0), Share::plus);
    }
}
