package io.weightspan.codec.container;

import com.google.protobuf.ByteString;
import io.weightspan.format.v1.Chunk;
import io.weightspan.format.v1.ChunkCoding;
import io.weightspan.format.v1.Dependency;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Layout;
import io.weightspan.format.v1.Role;
import java.util.HashSet;
import java.util.Set;

/** The limits and requirements on the message {@code Front} that need no other bytes. */
final class FrontChecks {
    private FrontChecks() {}

    /**
     * Checks the limits R-LIM-003, 007, 011 and 012.
     *
     * @param front the message
     * @throws ContainerException {@code LIMIT_EXCEEDED}
     */
    static void limits(Front front) throws ContainerException {
        limit(front.getFileLength(), Limits.FILE_BYTES, "bytes of the original file");
        limit(front.getSchema().getDecodedLength(), Limits.JSON_BYTES + Long.BYTES, "bytes of the schema");
        limit(front.getLayer().getIndex().getStoredLength(), Limits.INDEX_BYTES, "bytes of the layer's index");
        limit(front.getLayer().getIndex().getDecodedLength(), Limits.INDEX_BYTES, "bytes of the layer's index");
        limit(front.getDependenciesCount(), Limits.DEPENDENCIES, "dependencies");
        limit(front.getExtensionsCount(), Limits.EXTENSIONS, "extensions");
    }

    /**
     * Checks R-MSG-003 to R-MSG-006, R-MSG-009 and R-LYR-001.
     *
     * @param front       the message
     * @param hasLayerBit whether the header says that there is a layer
     * @throws ContainerException {@code MALFORMED_FRONT}
     */
    static void requirements(Front front, boolean hasLayerBit) throws ContainerException {
        Layout layout = front.getLayout();
        require(layout == Layout.LAYOUT_SAFETENSORS || layout == Layout.LAYOUT_OPAQUE, "unknown layout");
        require(front.hasSchema() == (layout == Layout.LAYOUT_SAFETENSORS),
                "the layout does not go with the schema chunk");
        if (front.hasSchema()) {
            Chunk schema = front.getSchema();
            require(schema.getCoding() != ChunkCoding.UNRECOGNIZED, "unknown coding of the schema chunk");
            require(hasRawLengths(schema), "the schema chunk is RAW and has two lengths");
        }
        require(isDigest(front.getFileSha256()), "file_sha256 is not 32 bytes");
        layer(front, hasLayerBit);
        require(!front.hasApproximation() || isDigest(front.getApproximation().getOriginalSha256()),
                "original_sha256 is not 32 bytes");
        Set<ByteString> objects = new HashSet<>();
        for (Dependency dependency : front.getDependenciesList()) {
            Role role = dependency.getRole();
            require(role == Role.ROLE_BASE || role == Role.ROLE_SIBLING || role == Role.ROLE_BASIS,
                    "unknown role of a dependency");
            require(isDigest(dependency.getObjectSha256()) && isDigest(dependency.getFileSha256()),
                    "a digest of a dependency is not 32 bytes");
            require(objects.add(dependency.getObjectSha256()), "two dependencies are the same object");
        }
    }

    /** R-LYR-001. */
    private static void layer(Front front, boolean hasLayerBit) throws ContainerException {
        require(front.hasLayer() == hasLayerBit, "the layer does not go with the feature bit");
        if (front.hasLayer()) {
            Chunk index = front.getLayer().getIndex();
            require(front.getLayer().hasIndex() && front.hasSchema(), "the layer has no index or no schema");
            require(isOfAnyChunk(index.getCoding()), "unknown coding of the layer's index");
            require(hasRawLengths(index), "the layer's index is RAW and has two lengths");
            require(isDigest(front.getLayer().getFileSha256()), "the layer's file_sha256 is not 32 bytes");
        }
    }

    /**
     * Whether a chunk keeps R-MSG-005.
     *
     * @param chunk a chunk of either message
     * @return false if it is RAW and its lengths differ
     */
    static boolean hasRawLengths(Chunk chunk) {
        return chunk.getCoding() != ChunkCoding.CHUNK_CODING_RAW
                || chunk.getStoredLength() == chunk.getDecodedLength();
    }

    /**
     * Whether a coding is one of chunks other than the schema's (R-MSG-009).
     *
     * @param coding a chunk's coding
     * @return true for RAW and ZSTD
     */
    static boolean isOfAnyChunk(ChunkCoding coding) {
        return coding == ChunkCoding.CHUNK_CODING_RAW || coding == ChunkCoding.CHUNK_CODING_ZSTD;
    }

    /**
     * Whether bytes can be a digest (R-MSG-003).
     *
     * @param bytes a field of either message
     * @return true for 32 bytes
     */
    static boolean isDigest(ByteString bytes) {
        return bytes.size() == Digest.LENGTH;
    }

    /**
     * Checks a limit.
     *
     * @param value an unsigned number
     * @param limit the limit
     * @param what  what is counted
     * @throws ContainerException {@code LIMIT_EXCEEDED}
     */
    static void limit(long value, long limit, String what) throws ContainerException {
        if (Long.compareUnsigned(value, limit) > 0) {
            throw new ContainerException(ErrorCode.LIMIT_EXCEEDED,
                    Long.toUnsignedString(value) + " " + what + ", " + limit + " are allowed");
        }
    }

    private static void require(boolean condition, String otherwise) throws ContainerException {
        if (!condition) {
            throw new ContainerException(ErrorCode.MALFORMED_FRONT, otherwise);
        }
    }
}
