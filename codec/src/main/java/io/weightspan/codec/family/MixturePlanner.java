package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.FactorPair;
import io.weightspan.codec.basis.Mixture;
import io.weightspan.codec.basis.Quantiser;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Plans factors of adapters as mixtures of a sibling's. Stateless; thread-safe. */
final class MixturePlanner {
    /** What a mixture leaves of a factor is at most this part of its norm: a bit a weight is saved. */
    private static final double MOST_LEFT = 0.5;
    /** The mixture's own error, in parts of what it leaves. */
    private static final double FINENESS = 1.0 / 8;

    private final List<Reference> references;
    /** Of tensors that are factors whether they are left ones. */
    private final Map<String, Boolean> factors = new HashMap<>();

    MixturePlanner(SafetensorsFile file, List<Reference> references) {
        this.references = references;
        for (FactorPair pair : FactorPair.of(file.tensors())) {
            factors.put(file.tensors().get(pair.left()).name(), true);
            factors.put(file.tensors().get(pair.right()).name(), false);
        }
    }

    /** The best mixture for a tensor, or empty where none comes near it. */
    Optional<ModesPlan> plan(TensorInfo tensor, Center elements) throws IOException {
        Boolean isLeft = factors.get(tensor.name());
        if (isLeft == null) {
            return Optional.empty();
        }
        int length = (int) (isLeft ? tensor.rows(1) : tensor.columns(1));
        float[] own = lines(elements, tensor, isLeft);
        Optional<ModesPlan> best = Optional.empty();
        double least = MOST_LEFT;
        for (Reference reference : references) {
            int index = reference.role() == Role.ROLE_SIBLING ? find(reference, tensor, isLeft) : -1;
            Optional<Directions> rows = index < 0 ? Optional.empty() : rows(reference, index, isLeft, length);
            if (rows.isPresent()) {
                Mixture mixture = Mixture.of(own, rows.get().values(), length);
                if (mixture.left() < least) {
                    least = mixture.left();
                    best = Optional.of(quantise(mixture, own, reference, index, rows.get(), isLeft));
                }
            }
        }
        return best;
    }

    private static int find(Reference reference, TensorInfo tensor, boolean isLeft) {
        List<TensorInfo> tensors = reference.file().tensors();
        for (int t = 0; t < tensors.size(); t++) {
            TensorInfo other = tensors.get(t);
            boolean fits = other.name().equals(tensor.name())
                    && other.shape().size() == 2
                    && other.shape().get(isLeft ? 0 : 1).equals(tensor.shape().get(isLeft ? 0 : 1));
            if (fits) {
                return t;
            }
        }
        return -1;
    }

    private static Optional<Directions> rows(Reference reference, int index, boolean isLeft, int length)
            throws IOException {
        TensorInfo other = reference.file().tensors().get(index);
        int count = (int) (isLeft ? other.columns(1) : other.rows(1));
        return count == 0 ? Optional.empty() : Directions.ofTensor(reference.file(), index, 1, isLeft, count, length);
    }

    /** Rows of a right factor, or columns of a left one, one after the other. */
    private static float[] lines(Center elements, TensorInfo tensor, boolean isLeft) {
        int rows = (int) tensor.rows(1);
        int columns = (int) tensor.columns(1);
        float[] lines = new float[rows * columns];
        for (int i = 0; i < lines.length; i++) {
            lines[isLeft ? i % columns * rows + i / columns : i] = elements.value(i);
        }
        return lines;
    }

    private static ModesPlan quantise(
            Mixture mixture, float[] own, Reference reference, int index, Directions rows, boolean isLeft) {
        double square = 0;
        for (float x : own) {
            square += (double) x * x;
        }
        double others = 0;
        for (float x : rows.values()) {
            others += (double) x * x;
        }
        int r = mixture.weights().length;
        int s = rows.count();
        // An element's error is a sum of s errors of weights, each times an element of the other factor.
        double leaves = Math.max(mixture.left(), 0x1p-14) * Math.sqrt(square / own.length);
        double size = Math.sqrt(others / rows.values().length);
        float step = (float) (FINENESS * leaves * Math.sqrt(12.0 / s) / size);
        int[] q = new int[r * s];
        for (int a = 0; a < r; a++) {
            for (int b = 0; b < s; b++) {
                int weight = (int) Math.rint(Math.clamp(mixture.weights()[a][b] / step, -(1 << 29), 1 << 29));
                q[isLeft ? b * r + a : a * s + b] = weight;
            }
        }
        BasisReference.Side side =
                new BasisReference.Side(List.of(new BasisReference.Part(reference, index, s)), rows);
        return isLeft
                ? new ModesPlan(1, side, null, step, Quantiser.MIDDLE_CONTEXT, r, q)
                : new ModesPlan(1, null, side, step, Quantiser.MIDDLE_CONTEXT, s, q);
    }
}
