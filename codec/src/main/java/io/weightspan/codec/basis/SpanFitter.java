package io.weightspan.codec.basis;

import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Fits the directions that members of a family span in one slot, each tensor flattened: the principal axes over the
 * members, by the eigenvectors of the members' products with each other (the snapshot method; L. Sirovich, Quart. Appl.
 * Math. 45, 1987). The differences are not centred: what all members have in common is the first direction, so that a
 * mean is one of them.
 *
 * <p>Members are read in panels, twice. For one thread.
 */
final class SpanFitter {
    private static final int PANEL = 1 << 14;

    /** Of the largest one's energy: what is less is rounding. */
    private static final double LEAST = 1e-7;

    private final TensorInfo like;
    private final List<MemberTensor> members;
    private final @Nullable MemberTensor center;
    private final int size;

    /**
     * Prepares to fit.
     *
     * @param like    name and shape of the slot
     * @param members the tensors, of as many elements, real
     * @param center  what they started from, or null
     */
    SpanFitter(TensorInfo like, List<MemberTensor> members, @Nullable MemberTensor center) {
        this.like = like;
        this.members = members;
        this.center = center;
        size = Math.toIntExact(like.elementCount());
    }

    /**
     * The directions, largest first, as those of a matrix of one row.
     *
     * @param most  at most so many
     * @param least part of the energy that those before it leave which a direction must hold, 0 to 1
     * @return empty if the members don't differ from the center
     * @throws IOException if a file can't be read
     */
    Optional<SharedDirections> fit(int most, double least) throws IOException {
        int n = members.size();
        ModeProducts products = new ModeProducts(n);
        boolean[] isOdd = new boolean[n];
        for (int first = 0; first < size; first += PANEL) {
            int width = Math.min(PANEL, size - first);
            float[] panel = panel(first, width);
            for (int i = 0; i < n; i++) {
                isOdd[i] |= !clear(panel, i * width, width);
            }
            products.addRows(panel, width);
        }
        double[] gram = products.products();
        double energy = 0;
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                // A member with NaN or infinity tells nothing of the directions.
                gram[i * n + j] = isOdd[i] || isOdd[j] ? 0 : gram[i * n + j];
            }
            energy += gram[i * n + i];
        }
        Optional<Eigen> found = energy > 0 && energy <= Float.MAX_VALUE ? Eigen.of(gram, n) : Optional.empty();
        if (found.isEmpty()) {
            return Optional.empty();
        }
        Eigen eigen = found.get();
        int count = 0;
        double left = energy;
        while (count < Math.min(most, n)
                && eigen.values()[count] > LEAST * eigen.values()[0]
                && eigen.values()[count] >= least * left) {
            left -= eigen.values()[count];
            count++;
        }
        if (count == 0) {
            return Optional.empty();
        }
        double[] magnitudes = new double[count];
        for (int k = 0; k < count; k++) {
            magnitudes[k] = Math.sqrt(eigen.values()[k] / (energy / size));
        }
        double[][] vectors = vectors(eigen, count, isOdd);
        return Optional.of(new SharedDirections(
                like.name(), 1, size, null, new SharedDirections.Side(vectors, magnitudes)));
    }

    /** Whether all elements of a run are finite; others become 0. */
    private static boolean clear(float[] panel, int at, int width) {
        boolean isFinite = true;
        for (int i = at; i < at + width; i++) {
            if (!(Math.abs(panel[i]) <= Float.MAX_VALUE)) {
                isFinite = false;
                panel[i] = 0;
            }
        }
        return isFinite;
    }

    private double[][] vectors(Eigen eigen, int count, boolean[] isOdd) throws IOException {
        double[][] vectors = new double[count][size];
        for (int first = 0; first < size; first += PANEL) {
            int width = Math.min(PANEL, size - first);
            float[] panel = panel(first, width);
            for (int k = 0; k < count; k++) {
                double scale = 1 / Math.sqrt(eigen.values()[k]);
                for (int i = 0; i < members.size(); i++) {
                    double weight = isOdd[i] ? 0 : scale * eigen.vectors()[k][i];
                    for (int x = 0; x < width && weight != 0; x++) {
                        vectors[k][first + x] += weight * panel[i * width + x];
                    }
                }
            }
        }
        return vectors;
    }

    /** The members' differences, row by row. */
    private float[] panel(int first, int width) throws IOException {
        float[] panel = new float[members.size() * width];
        float[] own = new float[width];
        float[] from = new float[width];
        if (center != null) {
            CentredElements.read(center.file(), center.tensor(), first, width, from);
        }
        for (int i = 0; i < members.size(); i++) {
            CentredElements.read(members.get(i).file(), members.get(i).tensor(), first, width, own);
            for (int x = 0; x < width; x++) {
                panel[i * width + x] = own[x] - from[x];
            }
        }
        return panel;
    }
}
