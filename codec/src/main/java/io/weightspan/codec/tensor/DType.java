package io.weightspan.codec.tensor;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The element types of a tensor: the table "dtypes" of the format's registry. The constant's name is the name that a
 * safetensors header gives the dtype. Where a float coding exists the sign is the top bit, then the exponent, then the
 * mantissa.
 */
public enum DType {
    /** IEEE binary64. */
    F64(64, 11, 52),
    /** IEEE binary32. */
    F32(32, 8, 23),
    /** IEEE binary16. */
    F16(16, 5, 10),
    /** The upper half of a binary32. */
    BF16(16, 8, 7),
    /** Eight bits, four of exponent, finite range with one NaN. */
    F8_E4M3(8, 4, 3),
    /** Eight bits, four of exponent, without infinities and negative zero. */
    F8_E4M3FNUZ(8, 4, 3),
    /** Eight bits, five of exponent. */
    F8_E5M2(8, 5, 2),
    /** Eight bits, five of exponent, without infinities and negative zero. */
    F8_E5M2FNUZ(8, 5, 2),
    /** An exponent alone; no float coding. */
    F8_E8M0(8),
    /** Six bits, two of exponent; no float coding. */
    F6_E2M3(6),
    /** Six bits, three of exponent; no float coding. */
    F6_E3M2(6),
    /** Four bits; no float coding. */
    F4(4),
    /** Two binary32 values, real and imaginary; no float coding. */
    C64(64),
    /** Signed 64 bits. */
    I64(64),
    /** Unsigned 64 bits. */
    U64(64),
    /** Signed 32 bits. */
    I32(32),
    /** Unsigned 32 bits. */
    U32(32),
    /** Signed 16 bits. */
    I16(16),
    /** Unsigned 16 bits. */
    U16(16),
    /** Signed 8 bits. */
    I8(8),
    /** Unsigned 8 bits. */
    U8(8),
    /** One truth value in 8 bits. */
    BOOL(8);

    private static final Map<String, DType> BY_NAME = Stream.of(values())
            .collect(Collectors.toUnmodifiableMap(DType::name, Function.identity()));

    private final int bits;
    private final int exponentBits;
    private final int mantissaBits;

    DType(int bits) {
        this(bits, 0, 0);
    }

    DType(int bits, int exponentBits, int mantissaBits) {
        this.bits = bits;
        this.exponentBits = exponentBits;
        this.mantissaBits = mantissaBits;
    }

    /**
     * The dtype of a name, as written in a safetensors header (R-SCH-005).
     *
     * @param name the exact name, letter case included
     * @return the dtype, or empty where the registry lists no such name
     */
    public static Optional<DType> of(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    /**
     * Bits of one element.
     *
     * @return 4 to 64; not always a multiple of 8
     */
    public int bits() {
        return bits;
    }

    /**
     * Bits of the exponent.
     *
     * @return 0 where the dtype has no float coding
     */
    public int exponentBits() {
        return exponentBits;
    }

    /**
     * Stored bits of the mantissa.
     *
     * @return 0 where the dtype has no float coding
     */
    public int mantissaBits() {
        return mantissaBits;
    }

    /**
     * Whether the residuals {@code direct} and {@code delta} apply.
     *
     * @return true where {@link #exponentBits()} is not 0
     */
    public boolean hasFloatCoding() {
        return exponentBits != 0;
    }

    /**
     * Whether elements are values that binary32 holds exactly, so that numbers can predict them.
     *
     * @return true for F32, F16 and BF16
     */
    public boolean isReal() {
        return this == F32 || this == F16 || this == BF16;
    }

    /**
     * The name in lower case, for people.
     *
     * @return for example {@code bf16}
     */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
