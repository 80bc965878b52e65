package io.weightspan.codec.kernel;

/**
 * How the bits of a coded element are cut ({@code encodings/scales.md}).
 *
 * @param width bits that are coded, the sign uppermost; 2 to 32
 * @param keyShift low bits of a magnitude that its key leaves out; 0 to {@code width} - 2
 * @param shift zero bits below the coded ones; {@code width + shift} is at most 32
 */
public record BitLayout(int width, int keyShift, int shift) {
    /** The bits of a magnitude. */
    int magnitudes() {
        return (int) ((1L << width - 1) - 1);
    }

    /** All coded bits. */
    int all() {
        return (int) ((1L << width) - 1);
    }
}
