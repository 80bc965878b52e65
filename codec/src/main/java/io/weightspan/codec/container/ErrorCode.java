package io.weightspan.codec.container;

/**
 * The closed list of what can be wrong with a container, in the order of section 9 of the format. The constant's name
 * is the code that is shown to people and sent over the wire.
 */
public enum ErrorCode {
    /** Shorter than its structures say. */
    TRUNCATED,
    /** Not a container. */
    BAD_MAGIC,
    /** Another major version. */
    UNSUPPORTED_VERSION,
    /** The header is damaged. */
    HEADER_CHECKSUM,
    /** A kind of container that this reader does not know. */
    UNSUPPORTED_KIND,
    /** A required feature bit that this reader does not know. */
    UNSUPPORTED_FEATURE,
    /** A reserved field is set. */
    RESERVED_NOT_ZERO,
    /** The trailer is damaged. */
    TRAILER_CHECKSUM,
    /** A limit of section 10 is exceeded. */
    LIMIT_EXCEEDED,
    /** The sections do not add up. */
    BAD_LAYOUT,
    /** The front is damaged. */
    FRONT_CHECKSUM,
    /** The index is damaged. */
    INDEX_CHECKSUM,
    /** Bytes that are not the protobuf message. */
    MALFORMED_MESSAGE,
    /** The front contradicts itself. */
    MALFORMED_FRONT,
    /** A stored chunk or block is damaged. */
    CHUNK_CHECKSUM,
    /** A chunk does not decode to its length. */
    MALFORMED_CHUNK,
    /** A name occurs twice in the header of a safetensors file. */
    DUPLICATE_NAME,
    /** Not a safetensors header. */
    MALFORMED_SCHEMA,
    /** A predictor or residual id that is not in the registry. */
    UNKNOWN_ENCODING,
    /** The index contradicts the schema or itself. */
    MALFORMED_INDEX,
    /** Padding is set; only a strict validator says so. */
    NONZERO_PADDING,
    /** A frequency table is invalid. */
    MALFORMED_TABLE,
    /** A dependency is not at hand. */
    MISSING_DEPENDENCY,
    /** A dependency has another digest or schema. */
    WRONG_DEPENDENCY,
    /** A block does not decode. */
    MALFORMED_BLOCK,
    /** A decoded tensor differs. */
    TENSOR_DIGEST,
    /** The decoded file differs. */
    FILE_DIGEST
}
