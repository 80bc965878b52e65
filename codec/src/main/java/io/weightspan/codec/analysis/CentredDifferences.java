package io.weightspan.codec.analysis;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.tensor.DecodedFile;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Differences of elements from a center, in units of their root mean square over the fitted members, so that neither
 * their squares nor sums of them leave the range of a float.
 */
final class CentredDifferences implements Differences {
    private static final int PANEL = StoredElements.PANEL;

    private final Differences elements;
    private final float[] center;
    private final double unit;

    private CentredDifferences(Differences elements, float[] center, double unit) {
        this.elements = elements;
        this.center = center;
        this.unit = unit;
    }

    /**
     * Finds the center and the unit.
     *
     * @param elements the members' elements
     * @param base holds the center, the slot's tensor in it; null for the mean of the fitted members
     * @param fitted the members whose differences set the unit
     */
    static CentredDifferences of(Differences elements, FamilySlot slot, @Nullable DecodedFile base, int[] fitted)
            throws IOException {
        float[] center = new float[elements.size()];
        if (base != null && slot.base() != null) {
            CentredElements.read(base, slot.base(), 0, center.length, center);
        } else {
            average(elements, fitted, center);
        }
        double square = 0;
        float[] own = new float[Math.min(PANEL, center.length)];
        for (int member : fitted) {
            for (int first = 0; first < center.length; first += PANEL) {
                int n = Math.min(PANEL, center.length - first);
                elements.read(member, first, n, own);
                for (int i = 0; i < n; i++) {
                    double d = (double) own[i] - center[first + i];
                    square += d * d;
                }
            }
        }
        double unit = Math.sqrt(square / Math.max(1, fitted.length) / center.length);
        return new CentredDifferences(elements, center, unit);
    }

    private static void average(Differences elements, int[] fitted, float[] center) throws IOException {
        double[] sum = new double[Math.min(PANEL, center.length)];
        float[] own = new float[sum.length];
        for (int first = 0; first < center.length; first += PANEL) {
            int n = Math.min(PANEL, center.length - first);
            Arrays.fill(sum, 0);
            for (int member : fitted) {
                elements.read(member, first, n, own);
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
        return elements.members();
    }

    @Override
    public int size() {
        return center.length;
    }

    @Override
    public void read(int member, int first, int n, float[] out) throws IOException {
        elements.read(member, first, n, out);
        for (int i = 0; i < n; i++) {
            out[i] = unit == 0 ? 0 : (float) (((double) out[i] - center[first + i]) / unit);
        }
    }
}
