package io.weightspan.codec.container;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.TableSet;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;

/**
 * Counts what a message {@code Index} would build, on the wire and without building it: two stored bytes make an object
 * of a hundred, and a frame of a few kilobytes can hold millions of them. For one message and one thread.
 */
final class IndexScan {
    private final byte[] bytes;
    private final CodedInputStream in;
    private long tensors;
    private long tableSets;
    private long blockLengths;
    private long blockChecksums;
    private long segmentEnds;
    private long directions;

    private IndexScan(byte[] bytes) {
        this.bytes = bytes;
        this.in = CodedInputStream.newInstance(bytes);
    }

    /**
     * Counts.
     *
     * @param bytes the message
     * @return the counts
     * @throws IOException if the message does not parse; most but not all such messages are found
     */
    static IndexScan of(byte[] bytes) throws IOException {
        IndexScan scan = new IndexScan(bytes);
        scan.index();
        return scan;
    }

    /** Whether R-LIM-004, R-LIM-009 and R-LIM-016 are kept. */
    boolean isWithinLimits() {
        return tensors <= Limits.TENSORS && tableSets <= Limits.TABLE_SETS && directions <= Limits.DIRECTIONS;
    }

    /** The lengths of blocks of all tensors, or the checksums where these are more. */
    long blocks() {
        return Math.max(blockLengths, blockChecksums);
    }

    /** The ends of segments of all table sets. */
    long segmentEnds() {
        return segmentEnds;
    }

    private void index() throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (isMessage(tag, Index.TENSORS_FIELD_NUMBER)) {
                tensors++;
                int outer = in.pushLimit(in.readRawVarint32());
                tensor();
                in.popLimit(outer);
            } else if (isMessage(tag, Index.TABLE_SETS_FIELD_NUMBER)) {
                tableSets++;
                int outer = in.pushLimit(in.readRawVarint32());
                tableSet();
                in.popLimit(outer);
            } else if (WireFormat.getTagFieldNumber(tag) == Index.BLOCK_CRC32C_FIELD_NUMBER) {
                blockChecksums += checksums(tag);
            } else {
                in.skipField(tag);
            }
        }
    }

    private void tensor() throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (WireFormat.getTagFieldNumber(tag) == TensorEntry.BLOCK_LENGTHS_FIELD_NUMBER) {
                blockLengths += numbers(tag);
            } else if (isMessage(tag, TensorEntry.LEFT_FIELD_NUMBER)
                    || isMessage(tag, TensorEntry.RIGHT_FIELD_NUMBER)) {
                directions++;
                in.skipField(tag);
            } else {
                in.skipField(tag);
            }
        }
    }

    private void tableSet() throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (WireFormat.getTagFieldNumber(tag) == TableSet.SEGMENT_ENDS_FIELD_NUMBER) {
                segmentEnds += numbers(tag);
            } else {
                in.skipField(tag);
            }
        }
    }

    /** Skips a field of numbers and tells how many they are at least: a varint ends in each byte below 128. */
    private long numbers(int tag) throws IOException {
        if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
            in.skipField(tag);
            return 1;
        }
        int length = in.readRawVarint32();
        int start = in.getTotalBytesRead();
        in.skipRawBytes(length);
        long count = 0;
        for (int at = start; at < start + length; at++) {
            count += bytes[at] >= 0 ? 1 : 0;
        }
        return count;
    }

    /** Skips a field of checksums and tells how many they are at least. */
    private long checksums(int tag) throws IOException {
        if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
            in.skipField(tag);
            return 1;
        }
        int length = in.readRawVarint32();
        in.skipRawBytes(length);
        return length / Integer.BYTES;
    }

    /** Whether a tag begins an embedded message of a field. */
    static boolean isMessage(int tag, int field) {
        return WireFormat.getTagFieldNumber(tag) == field
                && WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED;
    }
}
