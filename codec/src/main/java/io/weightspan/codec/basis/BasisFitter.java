package io.weightspan.codec.basis;

import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;
import org.jspecify.annotations.Nullable;

/**
 * Fits the directions that members of a family share: for each matrix slot the eigenvectors of the sums of D D^T and of
 * D^T D over the members, D being a member's difference from the base (mode-wise higher-order SVD; L. De Lathauwer et
 * al., "A multilinear singular value decomposition", SIAM J. Matrix Anal. Appl. 21, 2000).
 *
 * <p>Members are read slot by slot, so memory depends on the largest slot, not on the model. Stateless.
 */
public final class BasisFitter {
    /** A longer side is left as it is: its sum of products would not fit, nor its directions pay. */
    public static final int LONGEST_SIDE = 1_024;

    /** A smaller slot holds too little to pay for directions. */
    private static final long SMALLEST_SLOT = 1_024;

    private BasisFitter() {}

    /**
     * Fits every slot that all members have in one shape.
     *
     * @param members the members, at least one
     * @param base    what they started from, or empty: the differences are the tensors themselves then
     * @return the slots, in the order of the first member
     * @throws IOException if a file cannot be read
     */
    public static List<SharedDirections> fit(List<? extends DecodedFile> members, Optional<? extends DecodedFile> base)
            throws IOException {
        List<SharedDirections> slots = new ArrayList<>();
        List<Map<String, TensorInfo>> byName = new ArrayList<>();
        for (DecodedFile member : members) {
            Map<String, TensorInfo> tensors = new HashMap<>();
            member.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
            byName.add(tensors);
        }
        for (TensorInfo tensor : members.getFirst().tensors()) {
            TensorInfo center = base.map(file -> find(file, tensor)).orElse(null);
            boolean shared = byName.stream().allMatch(tensors -> isSame(tensors.get(tensor.name()), tensor));
            if (shared && isSlot(tensor) && base.isPresent() == (center != null)) {
                SharedDirections fitted = fit(members, byName, base.orElse(null), center, tensor);
                if (fitted != null) {
                    slots.add(fitted);
                }
            }
        }
        return slots;
    }

    private static @Nullable TensorInfo find(DecodedFile file, TensorInfo like) {
        return file.tensors().stream()
                .filter(tensor -> tensor.name().equals(like.name())
                        && tensor.elementCount() == like.elementCount()
                        && Elements.isReadable(tensor.dtype()))
                .findFirst()
                .orElse(null);
    }

    private static boolean isSame(@Nullable TensorInfo tensor, TensorInfo as) {
        return tensor != null && tensor.shape().equals(as.shape()) && Elements.isReadable(tensor.dtype());
    }

    private static boolean isSlot(TensorInfo tensor) {
        return tensor.shape().size() >= 2
                && tensor.elementCount() >= SMALLEST_SLOT
                && tensor.elementCount() <= Integer.MAX_VALUE / 8
                && Math.min(tensor.rows(1), tensor.columns(1)) <= LONGEST_SIDE
                && Math.min(tensor.rows(1), tensor.columns(1)) > 1;
    }

    private static @Nullable SharedDirections fit(
            List<? extends DecodedFile> members,
            List<Map<String, TensorInfo>> byName,
            @Nullable DecodedFile base,
            @Nullable TensorInfo center,
            TensorInfo slot)
            throws IOException {
        int rows = (int) slot.rows(1);
        int columns = (int) slot.columns(1);
        double[] left = rows <= LONGEST_SIDE ? new double[rows * rows] : null;
        double[] right = columns <= LONGEST_SIDE ? new double[columns * columns] : null;
        float[] from = base == null || center == null ? null : Elements.read(base, center);
        double energy = 0;
        for (int member = 0; member < members.size(); member++) {
            TensorInfo own = byName.get(member).get(slot.name());
            float[] d = Elements.read(members.get(member), Objects.requireNonNull(own));
            double square = subtract(d, from);
            // A member with NaN or infinity tells nothing of the directions.
            if (square <= Float.MAX_VALUE) {
                energy += square;
                addProducts(d, rows, columns, left, right);
            }
        }
        if (energy == 0) {
            return null;
        }
        double mean = energy / rows / columns;
        return new SharedDirections(
                slot.name(), rows, columns, side(left, rows, columns, mean), side(right, columns, rows, mean));
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

    private static void addProducts(
            float[] d, int rows, int columns, double @Nullable [] left, double @Nullable [] right) {
        for (int i = 0; left != null && i < rows; i++) {
            for (int k = i; k < rows; k++) {
                float sum = 0;
                double total = 0;
                for (int j = 0; j < columns; j++) {
                    sum += d[i * columns + j] * d[k * columns + j];
                    if ((j & 63) == 63) {
                        total += sum;
                        sum = 0;
                    }
                }
                left[i * rows + k] += total + sum;
            }
        }
        for (int i = 0; right != null && i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                double x = d[i * columns + j];
                for (int k = j; x != 0 && k < columns; k++) {
                    right[j * columns + k] += x * d[i * columns + k];
                }
            }
        }
    }

    /** The eigenvectors of a sum of products, of which the upper triangle is given; {@code mean} is that of squares. */
    private static SharedDirections.@Nullable Side side(double @Nullable [] products, int n, int others, double mean) {
        if (products == null) {
            return null;
        }
        DMatrixRMaj matrix = new DMatrixRMaj(n, n);
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                matrix.set(i, j, products[i * n + j]);
                matrix.set(j, i, products[i * n + j]);
            }
        }
        EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(n, true, true);
        if (!eigen.decompose(matrix)) {
            return null;
        }
        Integer[] order = new Integer[n];
        double[] values = new double[n];
        for (int k = 0; k < n; k++) {
            order[k] = k;
            values[k] = Math.max(0, eigen.getEigenvalue(k).getReal());
        }
        Arrays.sort(order, (a, b) -> Double.compare(values[b], values[a]));
        double[][] vectors = new double[n][];
        double[] magnitudes = new double[n];
        for (int k = 0; k < n; k++) {
            vectors[k] = eigen.getEigenVector(order[k]).data.clone();
            magnitudes[k] = Math.sqrt(values[order[k]] / others / mean);
        }
        return new SharedDirections.Side(vectors, magnitudes);
    }

    /** Float tensors as values. */
    static final class Elements {
        private Elements() {}

        static boolean isReadable(DType dtype) {
            return dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16;
        }

        static float[] read(DecodedFile file, TensorInfo tensor) throws IOException {
            int n = Math.toIntExact(tensor.elementCount());
            float[] values = new float[n];
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment bytes = arena.allocate(Math.max(1, tensor.byteLength()), Float.BYTES)
                        .asSlice(0, tensor.byteLength());
                file.read(file.schemaLength() + tensor.begin(), bytes);
                CentredElements.Center elements = new CentredElements.Center(bytes, tensor.dtype());
                for (int i = 0; i < n; i++) {
                    values[i] = elements.value(i);
                }
            }
            return values;
        }
    }
}
