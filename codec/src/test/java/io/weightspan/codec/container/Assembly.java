package io.weightspan.codec.container;

import io.weightspan.format.v1.Chunk;
import io.weightspan.format.v1.ChunkCoding;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A container taken apart, to be put together again with one thing wrong and every checksum and length right, unless
 * it is told otherwise. Written apart from {@link ContainerWriter}, so that it can write what that one refuses to.
 */
final class Assembly {
    Front front;
    Index index;
    byte[] schemaStored;
    byte[] data;
    byte @Nullable [] frontBytes;
    byte @Nullable [] indexBytes;
    long firstPartDelta;
    long indexOffsetDelta;
    int indexDecodedLength;
    byte padding;

    private Assembly(Front front, Index index, byte[] schemaStored, byte[] data) {
        this.front = front;
        this.index = index;
        this.schemaStored = schemaStored;
        this.data = data;
    }

    /** Takes apart a valid container. */
    static Assembly of(byte[] container) {
        try (Container opened = TestRecords.open(container, Verification.STRUCTURE)) {
            long first = Sections.align(HeaderLayout.LENGTH + opened.header().frontLength());
            int firstEnd = (int) opened.header().firstPartLength();
            int dataEnd = (int) opened.coding().blockOffset(opened.tensors().size() - 1,
                    opened.coding().blockCount(opened.tensors().size() - 1));
            return new Assembly(opened.front(), opened.index(),
                    Arrays.copyOfRange(container, (int) first, firstEnd),
                    Arrays.copyOfRange(container, (int) Sections.align(firstEnd), dataEnd));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Assembly front(UnaryOperator<Front.Builder> change) {
        front = change.apply(front.toBuilder()).build();
        return this;
    }

    Assembly index(UnaryOperator<Index.Builder> change) {
        index = change.apply(index.toBuilder()).build();
        return this;
    }

    Assembly tensor(int tensor, UnaryOperator<TensorEntry.Builder> change) {
        return index(builder -> builder.setTensors(tensor, change.apply(builder.getTensors(tensor).toBuilder())));
    }

    /** Another schema, stored RAW; the file's length is left as it was. */
    Assembly schema(byte[] schema) {
        schemaStored = schema;
        return front(builder -> builder.setSchema(raw(schema)));
    }

    /** Another JSON header with its length before it, stored RAW; the file's length follows. */
    Assembly json(String json) {
        long change = -front.getSchema().getDecodedLength();
        schema(TestRecords.schema(json).toArray(ValueLayout.JAVA_BYTE));
        long length = front.getFileLength() + change + schemaStored.length;
        return front(builder -> builder.setFileLength(length));
    }

    /** Puts a chunk of scales before the blocks. */
    Assembly scales(byte[] scales) {
        prepend(scales);
        return index(builder -> builder.setScales(raw(scales)));
    }

    /** Puts a chunk of tables before everything in DATA. */
    Assembly tables(byte[] tables, int count) {
        prepend(tables);
        return index(builder -> builder.setTables(raw(tables)).setTableCount(count));
    }

    private void prepend(byte[] chunk) {
        data = ByteBuffer.allocate(chunk.length + data.length).put(chunk).put(data).array();
    }

    static Chunk raw(byte[] stored) {
        return Chunk.newBuilder().setStoredLength(stored.length).setDecodedLength(stored.length)
                .setCoding(ChunkCoding.CHUNK_CODING_RAW).setCrc32C(Checksums.crc32c(MemorySegment.ofArray(stored)))
                .build();
    }

    /** Puts the container together. */
    byte[] build() {
        byte[] frontPart = frontBytes != null ? frontBytes : front.toByteArray();
        byte[] indexPart = indexBytes != null ? indexBytes : index.toByteArray();
        int first = align(HeaderLayout.LENGTH + frontPart.length);
        int firstEnd = first + schemaStored.length;
        int dataStart = align(firstEnd);
        int indexStart = align(dataStart + data.length);
        int trailer = align(indexStart + indexPart.length);
        ByteBuffer bytes = ByteBuffer.allocate(trailer + TrailerLayout.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        Arrays.fill(bytes.array(), padding);
        bytes.put(0, new byte[HeaderLayout.LENGTH]);
        bytes.putLong(0, 0x0A1A0A0D5053578FL).putShort(8, (short) 1).putShort(10, (short) 1);
        bytes.putInt(12, frontPart.length).putLong(40, firstEnd + firstPartDelta);
        bytes.putInt(48, Checksums.crc32c(MemorySegment.ofArray(frontPart)));
        bytes.put(HeaderLayout.LENGTH, frontPart).put(first, schemaStored).put(dataStart, data);
        bytes.put(indexStart, indexPart);
        bytes.put(trailer, new byte[TrailerLayout.LENGTH]);
        bytes.putLong(trailer, indexStart + indexOffsetDelta).putLong(trailer + 8, bytes.capacity());
        bytes.putInt(trailer + 16, indexPart.length);
        bytes.putInt(trailer + 20, Checksums.crc32c(MemorySegment.ofArray(indexPart)));
        bytes.putInt(trailer + 24, indexDecodedLength);
        bytes.putLong(trailer + 32, 0x8F5753500D0A1A0AL);
        fixHeader(bytes.array());
        fixTrailer(bytes.array());
        return bytes.array();
    }

    private static int align(int offset) {
        return (offset + 7) / 8 * 8;
    }

    /** Makes the header's checksum right again. */
    static byte[] fixHeader(byte[] container) {
        return fix(container, 0, 60);
    }

    /** Makes the trailer's checksum right again. */
    static byte[] fixTrailer(byte[] container) {
        return fix(container, container.length - TrailerLayout.LENGTH, 28);
    }

    private static byte[] fix(byte[] container, int start, int length) {
        int crc = Checksums.crc32c(MemorySegment.ofArray(container).asSlice(start, length));
        ByteBuffer.wrap(container).order(ByteOrder.LITTLE_ENDIAN).putInt(start + length, crc);
        return container;
    }
}
