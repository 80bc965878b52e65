package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Codes the tensors of a file within a bound, each by the prediction that takes the fewest bits. Thread-safe. */
final class BoundedTensors {
    private static final int PIECE = 1 << 16;

    private final SafetensorsFile file;
    private final List<Reference> references;
    private final Optional<LayeredPlans> layer;
    private final double bound;

    /**
     * Prepares to plan.
     *
     * @param file the file
     * @param references what may predict it; the first base is what differences are measured from
     * @param layer a first layer that may predict it
     * @param bound the largest error, in units of the root mean square of a tensor's difference
     */
    BoundedTensors(
            SafetensorsFile file, List<Reference> references, Optional<LayeredPlans> layer, double bound) {
        this.file = file;
        this.references = references;
        this.layer = layer;
        this.bound = bound;
    }

    /**
     * Plans a tensor.
     *
     * @param own how it is coded without loss and without a layer
     * @param t its index
     * @param out receives its elements as the record decodes them
     */
    LayerPlanner.Planned plan(BoundedPlanner planner, TensorPlan own, int t, MemorySegment out) throws IOException {
        TensorInfo tensor = own.tensor();
        out.copyFrom(file.tensor(t));
        boolean approximated = layer.isPresent() && layer.get().isApproximation(t);
        TensorPlan exact = layer.isPresent() && !approximated ? TensorPlan.layer(tensor, own.sha256()) : own;
        if (!BoundedPlanner.serves(tensor)) {
            return new LayerPlanner.Planned(exact, LayerError.NONE);
        }
        double square = square(t);
        TensorPlan best = exact;
        // A tensor that equals another costs nothing; one with NaN, infinities or no differences is kept as it is.
        if (exact.bits() != 0 && (layer.isEmpty() || approximated) && square > 0 && square <= Float.MAX_VALUE) {
            best = within(planner, own, t, bound * Math.sqrt(square / tensor.elementCount()), out);
        }
        return new LayerPlanner.Planned(best, error(t, out, square));
    }

    /** What is left out of a tensor that is decoded so. */
    LayerError error(int t, MemorySegment decoded) throws IOException {
        return BoundedPlanner.serves(file.tensors().get(t)) ? error(t, decoded, square(t)) : LayerError.NONE;
    }

    private LayerError error(int t, MemorySegment decoded, double square) {
        TensorInfo tensor = file.tensors().get(t);
        Center own = new Center(file.tensor(t), tensor.dtype());
        return square <= Double.MAX_VALUE
                ? LayerError.measure(own, new Center(decoded, tensor.dtype()), (int) tensor.elementCount(), square)
                : LayerError.NONE;
    }

    /** The plan of the fewest bits whose errors are at most {@code most}. */
    private TensorPlan within(BoundedPlanner planner, TensorPlan own, int t, double most, MemorySegment out)
            throws IOException {
        TensorPlan best = own;
        MemorySegment decoded = MemorySegment.ofArray(new byte[(int) own.tensor().byteLength()]);
        for (TensorPlan prediction : predictions(own, t)) {
            Optional<TensorPlan> found =
                    planner.plan(new BoundedPlanner.Task(prediction, file.tensor(t), most), decoded);
            if (found.isPresent() && found.get().bits() < best.bits()) {
                best = found.get();
                out.copyFrom(decoded);
            }
        }
        return best;
    }

    private List<TensorPlan> predictions(TensorPlan own, int t) {
        List<TensorPlan> predictions = new ArrayList<>();
        TensorInfo tensor = own.tensor();
        if (layer.isPresent()) {
            Reference reference = Reference.ofLayer(layer.get().decoded(), LayeredPlans.DEPTH);
            ElementSource source = new ElementSource(layer.get().decoded(), tensor);
            predictions.add(TensorPlan.predicted(tensor, own.sha256(), reference, t, source));
        }
        predictions.add(TensorPlan.predicted(
                tensor, own.sha256(), own.reference(), own.sourceTensor(), own.source()));
        if (own.reference() != null) {
            predictions.add(TensorPlan.predicted(tensor, own.sha256(), null, 0, null));
        }
        return predictions;
    }

    /** The sum of the squares of a tensor's differences from the base, or of its elements without one. */
    private double square(int t) throws IOException {
        TensorInfo tensor = file.tensors().get(t);
        Center own = new Center(file.tensor(t), tensor.dtype());
        ElementSource base = BaseTensor.of(tensor, references).map(BaseTensor::source).orElse(null);
        double sum = 0;
        Scratch scratch = new Scratch();
        for (int first = 0; first < tensor.elementCount(); first += PIECE) {
            int n = (int) Math.min(PIECE, tensor.elementCount() - first);
            Center from = null;
            if (base != null) {
                MemorySegment into = scratch.predicted((long) n * base.width());
                from = new Center(base.read(first, into), base.tensor().dtype());
            }
            for (int i = 0; i < n; i++) {
                double d = (double) own.value(first + i) - (from == null ? 0 : from.value(i));
                sum += d * d;
            }
        }
        return sum;
    }
}
