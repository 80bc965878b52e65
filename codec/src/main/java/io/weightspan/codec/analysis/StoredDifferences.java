package io.weightspan.codec.analysis;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Differences read from the members' files, in units of their root mean square over the fitted members, so that
 * neither their squares nor sums of them leave the range of a float.
 */
final class StoredDifferences implements Differences {
    /** Elements read at a time. */
    private static final int PANEL = 1 << 16;

    private final List<FamilyMember> members;
    private final FamilySlot slot;
    private final float[] center;
    private final double unit;

    private StoredDifferences(List<FamilyMember> members, FamilySlot slot, float[] center, double unit) {
        this.members = members;
        this.slot = slot;
        this.center = center;
        this.unit = unit;
    }

    /**
     * Opens a slot.
     *
     * @param fitted the members whose mean is the center where there is no base, and whose differences set the unit
     */
    static StoredDifferences of(
            List<FamilyMember> members, FamilySlot slot, @Nullable DecodedFile base, int[] fitted)
            throws IOException {
        float[] center = new float[slot.size()];
        if (base != null && slot.base() != null) {
            readElements(base, slot.base(), 0, center.length, center);
        } else {
            average(members, slot, fitted, center);
        }
        StoredDifferences unscaled = new StoredDifferences(members, slot, center, 1);
        double square = 0;
        double[] wide = new double[PANEL];
        float[] own = new float[PANEL];
        for (int member : fitted) {
            for (int first = 0; first < center.length; first += PANEL) {
                int n = Math.min(PANEL, center.length - first);
                unscaled.readWide(member, first, n, own, wide);
                for (int i = 0; i < n; i++) {
                    square += wide[i] * wide[i];
                }
            }
        }
        double unit = Math.sqrt(square / Math.max(1, fitted.length) / center.length);
        return new StoredDifferences(members, slot, center, unit);
    }

    private static void average(List<FamilyMember> members, FamilySlot slot, int[] fitted, float[] center)
            throws IOException {
        double[] sum = new double[PANEL];
        float[] own = new float[PANEL];
        for (int first = 0; first < center.length; first += PANEL) {
            int n = Math.min(PANEL, center.length - first);
            Arrays.fill(sum, 0);
            for (int member : fitted) {
                readElements(members.get(member).file(), slot.tensors().get(member), first, n, own);
                for (int i = 0; i < n; i++) {
                    sum[i] += own[i];
                }
            }
            for (int i = 0; i < n; i++) {
                center[first + i] = (float) (sum[i] / fitted.length);
            }
        }
    }

    /** What the differences' numbers are multiples of; 0 where the fitted members' are all 0. */
    double unit() {
        return unit;
    }

    @Override
    public int members() {
        return members.size();
    }

    @Override
    public int size() {
        return center.length;
    }

    @Override
    public void read(int member, int first, int n, float[] out) throws IOException {
        float[] own = new float[Math.min(n, PANEL)];
        double[] wide = new double[own.length];
        for (int at = 0; at < n; at += PANEL) {
            int run = Math.min(PANEL, n - at);
            readWide(member, first + at, run, own, wide);
            for (int i = 0; i < run; i++) {
                out[at + i] = unit == 0 ? 0 : (float) (wide[i] / unit);
            }
        }
    }

    private void readWide(int member, int first, int n, float[] own, double[] out) throws IOException {
        readElements(members.get(member).file(), slot.tensors().get(member), first, n, own);
        for (int i = 0; i < n; i++) {
            out[i] = (double) own[i] - center[first + i];
        }
    }

    /** Whether every element of a tensor is a finite number. */
    static boolean isFinite(DecodedFile file, TensorInfo tensor) throws IOException {
        float[] values = new float[PANEL];
        for (long first = 0; first < tensor.elementCount(); first += PANEL) {
            int n = (int) Math.min(PANEL, tensor.elementCount() - first);
            readElements(file, tensor, (int) first, n, values);
            for (int i = 0; i < n; i++) {
                if (!Float.isFinite(values[i])) {
                    return false;
                }
            }
        }
        return true;
    }

    private static void readElements(DecodedFile file, TensorInfo tensor, int first, int n, float[] out)
            throws IOException {
        long width = tensor.dtype().bits() / Byte.SIZE;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(Math.max(1, n * width), Float.BYTES).asSlice(0, n * width);
            file.read(file.schemaLength() + tensor.begin() + first * width, bytes);
            CentredElements.Center elements = new CentredElements.Center(bytes, tensor.dtype());
            for (int i = 0; i < n; i++) {
                out[i] = elements.value(i);
            }
        }
    }
}
