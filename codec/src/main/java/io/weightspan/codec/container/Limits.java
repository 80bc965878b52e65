package io.weightspan.codec.container;

/**
 * The limits of section 10 of the format: everything up to them is accepted, everything above is refused with
 * {@link ErrorCode#LIMIT_EXCEEDED}.
 */
public final class Limits {
    /** R-LIM-001: bytes of the message {@code Front}. */
    public static final long FRONT_BYTES = 1L << 20;
    /** R-LIM-002: bytes of the message {@code Index}. */
    public static final long INDEX_BYTES = 1L << 28;
    /** R-LIM-003: bytes of the JSON header of a safetensors file. */
    public static final long JSON_BYTES = 100_000_000L;
    /** R-LIM-004: tensors of a file. */
    public static final int TENSORS = 1 << 20;
    /** R-LIM-005: dimensions of a tensor. */
    public static final int DIMENSIONS = 32;
    /** R-LIM-006: bytes of a tensor's name in UTF-8. */
    public static final int NAME_BYTES = 4096;
    /** R-LIM-007: dependencies of a record. */
    public static final int DEPENDENCIES = 64;
    /** R-LIM-008: frequency tables of a record. */
    public static final int TABLES = 1024;
    /** R-LIM-009: table sets of a record. */
    public static final int TABLE_SETS = 1024;
    /** R-LIM-010: decoded bytes of the scales chunk. */
    public static final long SCALES_BYTES = 1L << 28;
    /** R-LIM-011: bytes of the original file. */
    public static final long FILE_BYTES = 1L << 62;
    /** R-LIM-012: extensions of a record. */
    public static final int EXTENSIONS = 64;
    /** R-LIM-013: bytes of the tables chunk. */
    public static final long TABLES_BYTES = 1L << 20;
    /** R-LIM-014: depth of a tensor, that is how many predictions its own rests on. */
    public static final int DEPTH = 4;
    /**
     * R-LIM-015: coefficients of a tensor, elements of its matrix once the rows are turned, numbers of a factor, and
     * products of a core's coefficients with the columns of a factor.
     */
    public static final long TURNED = 1L << 27;
    /** R-LIM-017: coefficients of a core, and elements of either of its factors. */
    public static final long CORE = 1L << 24;
    /** R-LIM-016: {@code Directions} of all tensors of an index. */
    public static final int DIRECTIONS = 1 << 20;
    /** R-LIM-018: stored bytes of two blocks or more that one checksum is of. */
    public static final long ONE_CHECKSUM = 1L << 16;
    /** R-LIM-019: columns of a left factor that has coefficients of its own. */
    public static final long INNER = 1L << 16;
    /** R-MSG-007: window of a zstd frame in bytes. */
    public static final long ZSTD_WINDOW = 8L << 20;

    private Limits() {}
}
