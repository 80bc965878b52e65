package io.weightspan.codec.container;

/** How much a reader checks (R-ROL-001); each level includes the ones before it. */
public enum Verification {
    /** Sections 3 to 7 of the format: header, trailer, messages, schema and index. */
    STRUCTURE,
    /** And the CRC32C of every chunk and block that is read. */
    CHUNKS,
    /** And the padding, the SHA-256 of every tensor and of the whole file: a strict validator. */
    FULL;

    /**
     * Whether checksums of blocks are checked.
     *
     * @return true for {@link #CHUNKS} and {@link #FULL}
     */
    public boolean checksBlocks() {
        return this != STRUCTURE;
    }
}
