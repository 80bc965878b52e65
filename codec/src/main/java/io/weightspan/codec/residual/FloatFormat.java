package io.weightspan.codec.residual;

import io.weightspan.codec.kernel.BitLayout;
import io.weightspan.codec.tensor.DType;

/**
 * How a tensor's floats are cut for coding ({@code encodings/scales.md}): the coded bits without the padding below,
 * and the key of a magnitude.
 *
 * @param dtype a dtype with a float coding
 * @param shift zero low bits that are not coded, 0 to the dtype's mantissa bits
 */
public record FloatFormat(DType dtype, int shift) {
    /** Checks the ranges. */
    public FloatFormat {
        if (!dtype.hasFloatCoding() || shift < 0 || shift > dtype.mantissaBits()) {
            throw new IllegalArgumentException("no float coding of " + dtype + " with shift " + shift);
        }
    }

    /**
     * Coded bits of an element.
     *
     * @return w
     */
    public int width() {
        return dtype.bits() - shift;
    }

    /**
     * The same, for a kernel.
     *
     * @return width, key shift and shift; only for a width of at most 32
     */
    public BitLayout layout() {
        return new BitLayout(width(), keyShift(), shift);
    }

    /**
     * Coded mantissa bits.
     *
     * @return t
     */
    public int mantissaBits() {
        return dtype.mantissaBits() - shift;
    }

    /**
     * Mantissa bits in a key.
     *
     * @return m
     */
    public int keyBits() {
        return dtype.bits() == 8 ? mantissaBits() : Math.min(mantissaBits(), 2);
    }

    /**
     * Low bits of a magnitude that its key leaves out.
     *
     * @return t - m
     */
    public int keyShift() {
        return mantissaBits() - keyBits();
    }

    /**
     * The key of a real number's magnitude, rounded to the nearest, for choosing scales.
     *
     * @param magnitude positive and finite
     * @return the key that an element of about this magnitude has
     */
    public int keyOf(double magnitude) {
        int bias = (1 << dtype.exponentBits() - 1) - 1;
        return (int) Math.round((Math.log(magnitude) / Math.log(2) + bias) * (1 << keyBits()));
    }
}
