package io.weightspan.codec.safetensors;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.Limits;
import io.weightspan.codec.tensor.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The header of a safetensors file: the first 8 + N bytes of the file, checked by every requirement R-SCH of the
 * format. Immutable.
 */
public final class SafetensorsHeader {
    /** Bytes of the length that stands before the JSON. */
    public static final int PREFIX_LENGTH = 8;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final List<TensorInfo> tensors;
    private final Map<String, Integer> indexes;
    private final Map<String, String> metadata;
    private final long schemaLength;

    private SafetensorsHeader(List<TensorInfo> tensors, Map<String, String> metadata, long schemaLength) {
        this.tensors = tensors;
        this.metadata = metadata;
        this.schemaLength = schemaLength;
        this.indexes = HashMap.newHashMap(tensors.size());
        for (int i = 0; i < tensors.size(); i++) {
            indexes.put(tensors.get(i).name(), i);
        }
    }

    /**
     * Parses a header. Errors name the tensor where there is one, and neither container nor offset.
     *
     * @param schema     the first 8 + N bytes of the file
     * @param dataLength bytes of the file after them; negative where a container claims a file shorter than its schema
     * @return the header
     * @throws ContainerException {@code MALFORMED_SCHEMA} (R-SCH-001, 002, 004 to 007), {@code DUPLICATE_NAME}
     *                            (R-SCH-003) or {@code LIMIT_EXCEEDED} (R-SCH-008, R-LIM-003 to 006)
     */
    public static SafetensorsHeader parse(MemorySegment schema, long dataLength) throws ContainerException {
        if (schema.byteSize() < PREFIX_LENGTH) {
            throw malformed("the schema has " + schema.byteSize() + " bytes, too few for its length");
        }
        checkJsonLength(jsonLength(schema));
        if (jsonLength(schema) != schema.byteSize() - PREFIX_LENGTH) {
            throw malformed("the schema says " + jsonLength(schema) + " bytes of JSON and has "
                    + (schema.byteSize() - PREFIX_LENGTH));
        }
        HeaderParser.Parsed parsed = HeaderParser.parse(schema.asSlice(PREFIX_LENGTH));
        List<TensorInfo> ordered = parsed.tensors().stream()
                .sorted(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end)).toList();
        checkCoverage(ordered, dataLength);
        return new SafetensorsHeader(ordered, parsed.metadata(), schema.byteSize());
    }

    /**
     * The length N of the JSON as the first 8 bytes of a file say it, unchecked.
     *
     * @param prefix at least 8 bytes
     * @return N, which is negative where it is 2^63 or more
     */
    static long jsonLength(MemorySegment prefix) {
        return prefix.get(LONG, 0);
    }

    /**
     * Checks R-LIM-003.
     *
     * @param jsonLength the length N, as unsigned
     * @throws ContainerException {@code LIMIT_EXCEEDED}
     */
    static void checkJsonLength(long jsonLength) throws ContainerException {
        if (Long.compareUnsigned(jsonLength, Limits.JSON_BYTES) > 0) {
            throw new ContainerException(ErrorCode.LIMIT_EXCEEDED, "safetensors header of "
                    + Long.toUnsignedString(jsonLength) + " bytes, " + Limits.JSON_BYTES + " are allowed");
        }
    }

    /** R-SCH-007. */
    private static void checkCoverage(List<TensorInfo> ordered, long dataLength) throws ContainerException {
        long end = 0;
        for (TensorInfo tensor : ordered) {
            if (tensor.begin() != end) {
                throw new ContainerException(ErrorCode.MALFORMED_SCHEMA,
                        "the tensor begins at byte " + tensor.begin() + " of the data, the one before it ends at "
                                + end,
                        null, tensor.name(), -1, null);
            }
            end = tensor.end();
        }
        if (end != dataLength) {
            throw malformed("the tensors end at byte " + end + " of the data, which has " + dataLength + " bytes");
        }
    }

    private static ContainerException malformed(String detail) {
        return new ContainerException(ErrorCode.MALFORMED_SCHEMA, detail);
    }

    /**
     * The tensors.
     *
     * @return all of them in data order (R-SCH-009), unmodifiable
     */
    public List<TensorInfo> tensors() {
        return tensors;
    }

    /**
     * Where a tensor stands in data order.
     *
     * @param name a tensor's name
     * @return its index in {@link #tensors()}, or empty if there is none of that name
     */
    public OptionalInt indexOf(String name) {
        Integer index = indexes.get(name);
        return index == null ? OptionalInt.empty() : OptionalInt.of(index);
    }

    /**
     * The file's {@code __metadata__}.
     *
     * @return names and values in the header's order, unmodifiable; empty if the header has none
     */
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * Bytes of the file before the first tensor's.
     *
     * @return 8 + N
     */
    public long schemaLength() {
        return schemaLength;
    }
}
