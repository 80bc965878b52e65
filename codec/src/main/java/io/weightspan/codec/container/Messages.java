package io.weightspan.codec.container;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.TableSet;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Parses the two messages (R-MSG-001) without building more of them than the limits allow. */
final class Messages {
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
            return Front.parseFrom(bytes.toArray(ValueLayout.JAVA_BYTE));
        } catch (InvalidProtocolBufferException e) {
            throw malformed("Front", offset, e);
        }
    }

    /**
     * Parses the message {@code Index}.
     *
     * @param bytes  the stored bytes, within R-LIM-002
     * @param offset where they are, for the error
     * @return the message, with R-LIM-004 and R-LIM-009 checked and nothing else
     * @throws ContainerException {@code MALFORMED_MESSAGE} or {@code LIMIT_EXCEEDED}
     */
    static Index index(MemorySegment bytes, long offset) throws ContainerException {
        // A copy: protobuf's reader of direct buffers works past the JVM's checks.
        byte[] copy = bytes.toArray(ValueLayout.JAVA_BYTE);
        try {
            // Two stored bytes make an object of a hundred, so that entries are counted before they are built.
            if (withinLimits(copy)) {
                return Index.parseFrom(copy);
            }
            checkEntries(copy);
            throw new ContainerException(ErrorCode.LIMIT_EXCEEDED,
                    "the index has more than " + Limits.TENSORS + " tensors or " + Limits.TABLE_SETS + " table sets",
                    null, null, offset, null);
        } catch (InvalidProtocolBufferException e) {
            throw malformed("Index", offset, e);
        } catch (ContainerException e) {
            throw e;
        } catch (IOException e) {
            throw new IllegalStateException("reading memory failed", e);
        }
    }

    private static boolean withinLimits(byte[] bytes) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        long tensors = 0;
        long tableSets = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (isMessage(tag, Index.TENSORS_FIELD_NUMBER)) {
                tensors++;
            } else if (isMessage(tag, Index.TABLE_SETS_FIELD_NUMBER)) {
                tableSets++;
            }
            in.skipField(tag);
        }
        return tensors <= Limits.TENSORS && tableSets <= Limits.TABLE_SETS;
    }

    /** Parses entries one by one and drops them: a message that does not parse is malformed before it is too large. */
    private static void checkEntries(byte[] bytes) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        ExtensionRegistryLite none = ExtensionRegistryLite.getEmptyRegistry();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (isMessage(tag, Index.TENSORS_FIELD_NUMBER)) {
                in.readMessage(TensorEntry.parser(), none);
            } else if (isMessage(tag, Index.TABLE_SETS_FIELD_NUMBER)) {
                in.readMessage(TableSet.parser(), none);
            } else {
                in.skipField(tag);
            }
        }
    }

    private static boolean isMessage(int tag, int field) {
        return WireFormat.getTagFieldNumber(tag) == field
                && WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED;
    }

    private static ContainerException malformed(String message, long offset, InvalidProtocolBufferException cause) {
        return new ContainerException(ErrorCode.MALFORMED_MESSAGE,
                "the message " + message + " does not parse: " + cause.getMessage(), null, null, offset, cause);
    }
}
