package io.weightspan.codec.basis;

import io.weightspan.codec.safetensors.SchemaWriter;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes directions as a safetensors file ({@code encodings/modes.md}): of each slot and side the tensors {@code
 * SLOT.left}, {@code SLOT.left.scales} and {@code SLOT.left.levels}, or {@code right}; and {@code SLOT.mean} where the
 * members' mean is what their differences are taken from. Stateless.
 */
public final class BasisFile {
    /** Suffixes of the tensors of directions. */
    public static final String LEFT = ".left";

    /** Suffixes of the tensors of directions. */
    public static final String RIGHT = ".right";

    /** Suffix of the tensor that differences are taken from. */
    public static final String MEAN = ".mean";

    /** Largest element of a direction, in steps: finer ones take more bytes and save none that were measured. */
    private static final int FINEST = 31;

    /** Suffix of the scales of directions, behind theirs. */
    static final String SCALES = ".scales";
    private static final String LEVELS = ".levels";

    private BasisFile() {}

    /** A tensor of the file. */
    private record Stored(String name, DType dtype, List<Long> shape, byte[] bytes) {}

    /**
     * Writes a file.
     *
     * @param file where to; must not exist
     * @param slots the directions
     * @param least directions whose coefficients can never be as large as this, in units of the root mean square of
     *     their slot's differences, are left out
     * @return how many directions were written
     * @throws IOException if the file exists or cannot be written
     */
    public static int write(Path file, List<SharedDirections> slots, double least) throws IOException {
        List<Stored> tensors = new ArrayList<>();
        int count = 0;
        for (SharedDirections slot : slots) {
            double mostLeft = most(slot.left());
            double mostRight = most(slot.right());
            int before = count;
            count += add(tensors, slot.name() + LEFT, slot.left(), least / mostRight);
            count += add(tensors, slot.name() + RIGHT, slot.right(), least / mostLeft);
            SharedDirections.Mean mean = slot.mean();
            if (mean != null && count > before) {
                List<Long> shape = List.of((long) slot.rows(), (long) slot.columns());
                tensors.add(new Stored(slot.name() + MEAN, mean.dtype(), shape, mean.elements()));
            }
        }
        List<TensorInfo> infos = new ArrayList<>();
        long at = 0;
        for (Stored tensor : tensors) {
            infos.add(new TensorInfo(tensor.name(), tensor.dtype(), tensor.shape(), at, at + tensor.bytes().length));
            at += tensor.bytes().length;
        }
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW))) {
            out.write(SchemaWriter.schema(infos, Map.of("format", "weightspan-basis")));
            for (Stored tensor : tensors) {
                out.write(tensor.bytes());
            }
        }
        return count;
    }

    /**
     * The largest of a side's sizes: at least 1, the mean over a whole side, as where directions are added to known
     * ones it is those that the other side's new ones may meet.
     */
    private static double most(SharedDirections.@Nullable Side side) {
        return side == null ? 1 : Math.max(1, side.magnitudes()[0]);
    }

    private static int add(List<Stored> tensors, String name, SharedDirections.@Nullable Side side, double least) {
        int count = 0;
        while (side != null
                && count < side.magnitudes().length
                && (side.isWhole() || side.magnitudes()[count] >= least)) {
            count++;
        }
        if (side == null || count == 0) {
            return 0;
        }
        int length = side.vectors()[0].length;
        byte[] directions = new byte[count * length];
        ByteBuffer scales = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        byte[] levels = new byte[count];
        for (int k = 0; k < count; k++) {
            double largest = 0;
            for (double x : side.vectors()[k]) {
                largest = Math.max(largest, Math.abs(x));
            }
            float scale = (float) (largest / FINEST);
            scales.putFloat(scale);
            for (int i = 0; i < length; i++) {
                directions[k * length + i] = (byte) Math.round(side.vectors()[k][i] / scale);
            }
            double octaves = Math.log(side.magnitudes()[k]) / Math.log(2);
            levels[k] = (byte) Math.clamp(Math.round(4 * octaves), -64, 63);
        }
        tensors.add(new Stored(name, DType.I8, List.of((long) count, (long) length), directions));
        tensors.add(new Stored(name + SCALES, DType.F32, List.of((long) count), scales.array()));
        tensors.add(new Stored(name + LEVELS, DType.I8, List.of((long) count), levels));
        return count;
    }
}
