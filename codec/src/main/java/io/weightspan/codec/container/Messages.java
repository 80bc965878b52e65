package io.weightspan.codec.container;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.TableSet;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Parses the two messages (R-MSG-001) without building more of them than the limits allow. */
final class Messages {
    // Unknown fields are dropped (R-MSG-002): kept, each number of them would be an object.
    private static final Parser<Front> FRONT = DiscardUnknownFieldsParser.wrap(Front.parser());
    private static final Parser<Index> INDEX = DiscardUnknownFieldsParser.wrap(Index.parser());
    private static final Parser<TensorEntry> TENSOR = DiscardUnknownFieldsParser.wrap(TensorEntry.parser());
    private static final Parser<TableSet> TABLE_SET = DiscardUnknownFieldsParser.wrap(TableSet.parser());

    private Messages() {}

    /**
     * Parses the message {@code Front}.
     *
     * @param bytes  the stored bytes, within R-LIM-001
     * @param offset where they are, for the error
     * @return the message, not yet checked in any other way
     * @throws ContainerException {@code MALFORMED_MESSAGE}
     */
    static Front front(MemorySegment bytes, long offset) throws ContainerException {
        try {
            return FRONT.parseFrom(bytes.toArray(ValueLayout.JAVA_BYTE));
        } catch (InvalidProtocolBufferException e) {
            throw malformed("Front", offset, e);
        }
    }

    /**
     * Parses the message {@code Index}.
     *
     * @param message         its bytes, within R-LIM-002
     * @param offset          where INDEX lies, for the error
     * @param containerLength bytes of the container
     * @return the message, with R-LIM-004, R-LIM-009, R-LIM-016 and what would take more memory than the container
     *         accounts for checked, and nothing else
     * @throws ContainerException {@code MALFORMED_MESSAGE}; {@code LIMIT_EXCEEDED}; {@code BAD_LAYOUT} if there are
     *                            more blocks than bytes (R-LAY-004); {@code MALFORMED_INDEX} if table sets have more
     *                            segments than contexts (R-IDX-006)
     */
    static Index index(MemorySegment message, long offset, long containerLength) throws ContainerException {
        // An array: protobuf's reader of direct buffers works past the JVM's checks.
        byte[] bytes = message.toArray(ValueLayout.JAVA_BYTE);
        try {
            IndexScan scan = IndexScan.of(bytes);
            if (scan.blocks() > containerLength) {
                throw refuse(ErrorCode.BAD_LAYOUT, "the index has " + scan.blocks() + " blocks, the container "
                        + containerLength + " bytes", offset);
            }
            if (scan.segmentEnds() > (long) Limits.TABLE_SETS * IndexChecks.CONTEXTS) {
                throw refuse(ErrorCode.MALFORMED_INDEX, "more segments than contexts", offset);
            }
            if (!scan.isWithinLimits()) {
                checkEntries(bytes);
                throw refuse(ErrorCode.LIMIT_EXCEEDED, "the index has more than " + Limits.TENSORS + " tensors, "
                        + Limits.TABLE_SETS + " table sets or " + Limits.DIRECTIONS + " directions", offset);
            }
            return INDEX.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw malformed("Index", offset, e);
        } catch (ContainerException e) {
            throw e;
        } catch (IOException e) {
            throw new IllegalStateException("reading memory failed", e);
        }
    }

    /** Parses entries one by one and drops them: a message that does not parse is malformed before it is too large. */
    private static void checkEntries(byte[] bytes) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        ExtensionRegistryLite none = ExtensionRegistryLite.getEmptyRegistry();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (IndexScan.isMessage(tag, Index.TENSORS_FIELD_NUMBER)) {
                in.readMessage(TENSOR, none);
            } else if (IndexScan.isMessage(tag, Index.TABLE_SETS_FIELD_NUMBER)) {
                in.readMessage(TABLE_SET, none);
            } else {
                in.skipField(tag);
            }
        }
    }

    private static ContainerException refuse(ErrorCode code, String detail, long offset) {
        return new ContainerException(code, detail, null, null, offset, null);
    }

    private static ContainerException malformed(String message, long offset, InvalidProtocolBufferException cause) {
        return new ContainerException(ErrorCode.MALFORMED_MESSAGE,
                "the message " + message + " does not parse: " + cause.getMessage(), null, null, offset, cause);
    }
}
