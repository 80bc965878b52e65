package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
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
     * Plans a tensor without a layer.
     *
     * @param own how it is coded without loss
     * @param t its index
     * @param out receives its elements as the record decodes them
     */
    LayerPlanner.Planned plan(BoundedPlanner planner, TensorPlan own, int t, MemorySegment out) throws IOException {
        TensorInfo tensor = own.tensor();
        out.copyFrom(file.tensor(t));
        if (!BoundedPlanner.serves(tensor)) {
            return new LayerPlanner.Planned(own, LayerError.NONE);
        }
        double square = square(t);
        TensorPlan best = own;
        if (canBeBounded(own, square)) {
            TensorPlan alone = TensorPlan.predicted(tensor, own.sha256(), null, 0, null);
            TensorPlan predicted = TensorPlan.predicted(
                    tensor, own.sha256(), own.reference(), own.sourceTensor(), own.source());
            List<TensorPlan> predictions = own.reference() == null ? List.of(alone) : List.of(predicted, alone);
            best = within(planner, own, predictions, t, square, out);
        }
        return new LayerPlanner.Planned(best, error(t, out, square));
    }

    /**
     * Plans a tensor that a layer may predict.
     *
     * @param own how it is coded without loss and without a layer
     * @param without how within the bound, without a layer
     * @param decoded its elements as they are decoded then
     * @param t its index
     * @param out receives its elements as the record decodes them
     */
    LayerPlanner.Planned planUpon(
            BoundedPlanner planner,
            TensorPlan own,
            LayerPlanner.Planned without,
            MemorySegment decoded,
            int t,
            MemorySegment out)
            throws IOException {
        TensorInfo tensor = own.tensor();
        LayeredPlans upon = layer.orElseThrow();
        if (!upon.isApproximation(t)) {
            out.copyFrom(file.tensor(t));
            return new LayerPlanner.Planned(TensorPlan.layer(tensor, own.sha256()), error(t, out));
        }
        out.copyFrom(decoded);
        double square = square(t);
        if (!canBeBounded(own, square)) {
            return without;
        }
        ElementSource source = new ElementSource(upon.decoded(), tensor);
        Reference reference = Reference.ofLayer(upon.decoded(), LayeredPlans.DEPTH);
        List<TensorPlan> predictions =
                List.of(TensorPlan.predicted(tensor, own.sha256(), reference, t, source));
        TensorPlan best = within(planner, without.plan(), predictions, t, square, out);
        return new LayerPlanner.Planned(best, error(t, out, square));
    }

    /** A tensor that equals another costs nothing; one with NaN, infinities or no differences is kept as it is. */
    private static boolean canBeBounded(TensorPlan own, double square) {
        return own.bits() != 0 && square > 0 && square <= Float.MAX_VALUE;
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

    /** The plan of the fewest bits whose errors are within the bound; {@code known} or one by a prediction. */
    private TensorPlan within(
            BoundedPlanner planner,
            TensorPlan known,
            List<TensorPlan> predictions,
            int t,
            double square,
            MemorySegment out)
            throws IOException {
        TensorPlan best = known;
        double most = bound * Math.sqrt(square / known.tensor().elementCount());
        MemorySegment decoded = MemorySegment.ofArray(new byte[(int) known.tensor().byteLength()]);
        for (TensorPlan prediction : predictions) {
            Optional<TensorPlan> found =
                    planner.plan(new BoundedPlanner.Task(prediction, file.tensor(t), most), decoded);
            if (found.isPresent() && found.get().bits() < best.bits()) {
                best = found.get();
                out.copyFrom(decoded);
            }
        }
        return best;
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
