package io.weightspan.server.web;

import io.weightspan.codec.container.Container;
import io.weightspan.codec.container.TensorCoding;
import io.weightspan.codec.family.Fidelity;
import io.weightspan.codec.family.RecordDecoder;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Approximation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a record's front and index tell of it. Immutable.
 *
 * @param fidelity {@code exact}, {@code bounded:EPS} or {@code span}
 * @param relativeError of the file against the one that was packed; 0 for an exact one
 * @param tensors its tensors in order of their bytes in the file; none for a file that holds none
 */
record RecordSummary(String fidelity, double relativeError, List<Tensor> tensors) {

    /** About what a tensor takes in memory, its name aside. */
    private static final int TENSOR_BYTES = 200;

    /** Copies the list. */
    RecordSummary {
        tensors = List.copyOf(tensors);
    }

    /**
     * One tensor.
     *
     * @param name its name, anybody's text
     * @param dtype its type, such as {@code BF16}
     * @param shape its dimensions
     * @param predictor what predicts it
     * @param layerPredictor what predicts it in the record's first layer, or null where it has none there
     * @param residual how what is left is coded
     * @param share its bytes in the record and in the file
     * @param layerBytes what of the record is in the first layer
     */
    record Tensor(
            String name,
            String dtype,
            List<Long> shape,
            String predictor,
            @Nullable String layerPredictor,
            String residual,
            Share share,
            long layerBytes) {

        /** Returns what predicts it, through the first layer where there is one. */
        String through() {
            String layer = layerPredictor;
            return layer == null ? predictor : layer;
        }
    }

    /** Reads the summary of an open record. */
    static RecordSummary of(RecordDecoder decoder) {
        String fidelity = "exact";
        double error = 0;
        if (decoder.front().hasApproximation()) {
            Approximation near = decoder.front().getApproximation();
            fidelity = (near.getBound() > 0 ? Fidelity.bounded(near.getBound()) : Fidelity.SPAN).toString();
            error = near.getRelativeError();
        }
        return new RecordSummary(fidelity, error, tensors(decoder.container()));
    }

    /** Returns about what it takes in memory. */
    int weight() {
        long names = tensors.stream().mapToLong(tensor -> 2L * tensor.name().length()).sum();
        return (int) Math.min(Integer.MAX_VALUE, TENSOR_BYTES * (1L + tensors.size()) + names);
    }

    private static List<Tensor> tensors(Container container) {
        if (container.safetensors().isEmpty()) {
            return List.of();
        }
        TensorCoding coding = container.coding();
        Optional<TensorCoding> layer = container.layer();
        List<Tensor> tensors = new ArrayList<>();
        for (int t = 0; t < container.tensors().size(); t++) {
            TensorInfo tensor = container.tensors().get(t);
            long inLayer = layer.isPresent() ? layer.get().storedLength(t) : 0;
            String predictor = lower(coding.predictor(t));
            boolean uponLayer = predictor.equals("layer") && layer.isPresent();
            tensors.add(new Tensor(
                    tensor.name(),
                    tensor.dtype().name(),
                    tensor.shape(),
                    predictor,
                    uponLayer ? lower(layer.get().predictor(t)) : null,
                    lower(coding.residual(t)),
                    new Share(coding.storedLength(t) + inLayer, tensor.byteLength()),
                    inLayer));
        }
        return tensors;
    }

    private static String lower(Enum<?> kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }
}
