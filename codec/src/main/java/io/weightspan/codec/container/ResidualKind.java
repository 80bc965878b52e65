package io.weightspan.codec.container;

import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.util.Optional;

/** The residual codings of the format's registry, with what each can be combined with and how it cuts blocks. */
public enum ResidualKind {
    /** The tensor is its source, bit for bit; no blocks. */
    EQUAL(1),
    /** Bytes as they are or as zstd frames, in blocks of {@link #BYTES_PER_BLOCK}. */
    BYTES(2),
    /** Floats without a prediction, in blocks of {@link #ELEMENTS_PER_BLOCK}. */
    DIRECT(3),
    /** Floats against a prediction, in blocks of {@link #ELEMENTS_PER_BLOCK}. */
    DELTA(4),
    /** Coefficients of shared directions, in blocks of {@link #ELEMENTS_PER_BLOCK} coefficients. */
    COEFFICIENTS(5),
    /** Floats near their originals, in blocks of {@link #ELEMENTS_PER_BLOCK}. */
    BOUNDED(6),
    /** The numbers of two thin matrices, in blocks of {@link #ELEMENTS_PER_BLOCK} numbers. */
    FACTORS(7),
    /** Floats against a prediction known before it was rounded, in blocks of {@link #ELEMENTS_PER_BLOCK}. */
    CELLS(8);

    /** Elements of a block of {@link #DIRECT} and {@link #DELTA}; a tensor's last block may have fewer. */
    public static final int ELEMENTS_PER_BLOCK = 1 << 16;
    /** Bytes of a block of {@link #BYTES}; a tensor's last block may have fewer. */
    public static final int BYTES_PER_BLOCK = 1 << 20;

    private final int id;

    ResidualKind(int id) {
        this.id = id;
    }

    /**
     * The residual coding of a registry id.
     *
     * @param id the id as in {@code TensorEntry.residual}, an unsigned number
     * @return the coding, or empty where the registry lists no such id
     */
    public static Optional<ResidualKind> of(int id) {
        return id >= 1 && id <= values().length ? Optional.of(values()[id - 1]) : Optional.empty();
    }

    /**
     * The registry id.
     *
     * @return 1 to 8
     */
    public int id() {
        return id;
    }

    /**
     * Whether the tensor is coded with frequency tables.
     *
     * @return false for {@link #EQUAL} and {@link #BYTES}
     */
    public boolean usesTables() {
        return this != EQUAL && this != BYTES;
    }

    /**
     * Whether blocks hold numbers that make a prediction, however many elements the tensor has.
     *
     * @return true for {@link #COEFFICIENTS} and {@link #FACTORS}
     */
    public boolean isOfNumbers() {
        return this == COEFFICIENTS || this == FACTORS;
    }

    /**
     * Whether elements may have low bits that are not coded (R-IDX-008).
     *
     * @return true for {@link #DIRECT} and {@link #DELTA}
     */
    public boolean shifts() {
        return this == DIRECT || this == DELTA;
    }

    /**
     * Whether the registry allows a combination (R-IDX-003).
     *
     * @param predictor the tensor's predictor
     * @param dtype     the tensor's dtype
     * @return true if a reader must accept it
     */
    public boolean allows(PredictorKind predictor, DType dtype) {
        return switch (this) {
            case EQUAL -> predictor != PredictorKind.NONE && !predictor.isOfNumbers();
            case BYTES -> predictor == PredictorKind.NONE;
            case DIRECT -> predictor == PredictorKind.NONE && dtype.hasFloatCoding();
            case DELTA ->
                (predictor.needsDependency() || predictor == PredictorKind.LAYER) && dtype.hasFloatCoding();
            case COEFFICIENTS ->
                predictor.hasDirections() && dtype.isReal();
            case BOUNDED ->
                (predictor == PredictorKind.NONE
                        || predictor.needsDependency()
                        || predictor == PredictorKind.LAYER)
                        && dtype.isReal();
            case FACTORS -> predictor == PredictorKind.LOWRANK && dtype.isReal();
            case CELLS -> predictor == PredictorKind.LAYER && (dtype == DType.BF16 || dtype == DType.F16);
        };
    }

    /**
     * The number of a tensor's blocks (R-IDX-004) where it follows from the tensor alone.
     *
     * @param tensor the tensor; the residual is not {@link #isOfNumbers}
     * @return at least 0
     */
    public long blockCount(TensorInfo tensor) {
        return switch (this) {
            case EQUAL -> 0;
            case BYTES -> Math.ceilDiv(tensor.byteLength(), BYTES_PER_BLOCK);
            case DIRECT, DELTA, BOUNDED, CELLS -> Math.ceilDiv(tensor.elementCount(), ELEMENTS_PER_BLOCK);
            case COEFFICIENTS, FACTORS -> throw new IllegalArgumentException("the entry decides");
        };
    }

    /**
     * Decoded bytes of a block but for a tensor's last one.
     *
     * @param dtype the tensor's dtype; for {@link #DIRECT} and {@link #DELTA} one with a float coding. Elements that
     *              numbers predict are decoded by as many at a time
     * @return at least 1; 0 for {@link #EQUAL}
     */
    public int blockBytes(DType dtype) {
        return switch (this) {
            case EQUAL -> 0;
            case BYTES -> BYTES_PER_BLOCK;
            case DIRECT, DELTA, COEFFICIENTS, BOUNDED, FACTORS, CELLS -> ELEMENTS_PER_BLOCK / 8 * dtype.bits();
        };
    }
}
