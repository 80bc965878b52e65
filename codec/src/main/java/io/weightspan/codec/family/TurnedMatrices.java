package io.weightspan.codec.family;

import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.TurnedMatrix;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.MatrixShape;
import io.weightspan.codec.container.TensorCoding;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.residual.CoefficientBlocks;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decodes coefficients and turns them; keeps what was turned last, as the blocks of a tensor share it. Thread-safe.
 */
final class TurnedMatrices {
    /** Bytes of turned matrices kept, but for the last one, which is kept whatever its size. */
    private static final long MOST_KEPT = 64L << 20;

    private final TensorCoding coding;
    private final OpenedDependencies dependencies;
    private final Map<Integer, TurnedMatrix> kept = new LinkedHashMap<>();
    private long bytesKept;

    /**
     * What tells a tensor's coefficients.
     *
     * @param tensor which
     * @param tables the coding's tables
     * @param contexts for each of 128 contexts where its table begins in the tables' slots
     */
    record Coefficients(int tensor, DecodingTables tables, int[] contexts) {}

    TurnedMatrices(TensorCoding coding, OpenedDependencies dependencies) {
        this.coding = coding;
        this.dependencies = dependencies;
    }

    /** The turned matrix of a tensor. */
    synchronized TurnedMatrix get(Coefficients of) throws IOException {
        TurnedMatrix known = kept.remove(of.tensor());
        if (known == null) {
            known = make(of);
            bytesKept += known.memory();
        }
        kept.put(of.tensor(), known);
        var eldest = kept.values().iterator();
        while (bytesKept > MOST_KEPT && kept.size() > 1) {
            bytesKept -= eldest.next().memory();
            eldest.remove();
        }
        return known;
    }

    private TurnedMatrix make(Coefficients of) throws IOException {
        TensorEntry entry = coding.entry(of.tensor());
        MatrixShape shape = MatrixShape.of(entry, coding.tensors().get(of.tensor()));
        Directions left = directions(of.tensor(), entry.getLeftList(), shape.rows());
        Directions right = directions(of.tensor(), entry.getRightList(), shape.columns());
        int[] coefficients = decode(of, entry, shape, left, right);
        return new TurnedMatrix(coefficients, Math.toIntExact(shape.left()), Math.toIntExact(shape.columns()), left,
                right, entry.getStep());
    }

    private @Nullable Directions directions(
            int tensor, List<io.weightspan.format.v1.Directions> parts, long length) throws IOException {
        List<Directions> read = new ArrayList<>();
        for (io.weightspan.format.v1.Directions part : parts) {
            read.add(Directions.read(dependencies.get(part.getDependency(), tensor), part.getTensor(), part.getCount(),
                    length)
                    .orElseThrow(() -> coding.error(
                            ErrorCode.WRONG_DEPENDENCY,
                            "basis " + dependencies.digest(part.getDependency()) + " has no " + part.getCount()
                                    + " directions of length " + length + " in tensor " + part.getTensor(),
                            tensor,
                            -1,
                            null)));
        }
        return read.isEmpty() ? null : Directions.concatenate(read);
    }

    private int[] decode(
            Coefficients of,
            TensorEntry entry,
            MatrixShape shape,
            @Nullable Directions left,
            @Nullable Directions right)
            throws IOException {
        int width = Math.toIntExact(shape.right());
        int[] coefficients = new int[Math.toIntExact(shape.coefficients())];
        int[] tableOffsets = new int[Math.min(coefficients.length, CoefficientBlocks.BLOCK)];
        CoefficientBlocks blocks = new CoefficientBlocks();
        for (int from = 0, block = 0; from < coefficients.length; from += CoefficientBlocks.BLOCK, block++) {
            int n = Math.min(CoefficientBlocks.BLOCK, coefficients.length - from);
            for (int i = 0; i < n; i++) {
                int a = (from + i) / width;
                int b = (from + i) % width;
                tableOffsets[i] = of.contexts()[context(left, a, right, b, entry.getScale())];
            }
            try {
                blocks.decode(coding.block(of.tensor(), block), of.tables(), tableOffsets, n, coefficients, from);
            } catch (ContainerException e) {
                throw e.in(
                        coding.name(),
                        coding.tensors().get(of.tensor()).name(),
                        coding.blockOffset(of.tensor(), block));
            }
        }
        return coefficients;
    }

    /** The context of a coefficient ({@code encodings/coefficients.md}). */
    static int context(@Nullable Directions left, int a, @Nullable Directions right, int b, int scale) {
        int level = (left == null ? 0 : left.levels()[a]) + (right == null ? 0 : right.levels()[b]) + scale;
        return Math.min(Math.max(level, 0), 127);
    }
}
