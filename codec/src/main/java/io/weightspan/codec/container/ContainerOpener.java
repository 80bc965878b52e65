package io.weightspan.codec.container;

import io.weightspan.codec.container.HeaderLayout.Header;
import io.weightspan.codec.container.TrailerLayout.Trailer;
import io.weightspan.codec.safetensors.SafetensorsHeader;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Chunk;
import io.weightspan.format.v1.ChunkCoding;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Opens a container in exactly the order of work of section 9 of the format; its steps are numbered here likewise. */
final class ContainerOpener {
    private final ByteSource source;
    private final Verification level;

    /**
     * Prepares to open.
     *
     * @param source the stored bytes
     * @param level  how much to check
     */
    ContainerOpener(ByteSource source, Verification level) {
        this.source = source;
        this.level = level;
    }

    /**
     * Everything that opening finds out.
     *
     * @param header   the header
     * @param front    the front
     * @param index    the index, null where only the first part is at hand
     * @param layerIndex the layer's index, null where there is no layer
     * @param sections where everything lies
     * @param schema   the decoded schema chunk; empty for an opaque file
     * @param parsed   the header of the safetensors file, null for an opaque file
     * @param tensors  the tensors in data order
     */
    record Opened(Header header, Front front, @Nullable Index index, @Nullable Index layerIndex, Sections sections,
            MemorySegment schema,
            @Nullable SafetensorsHeader parsed, List<TensorInfo> tensors) {}

    /**
     * Opens the container.
     *
     * @return what it holds
     * @throws ContainerException if it is damaged; the container is not named yet
     * @throws IOException        if its bytes cannot be had
     */
    Opened open() throws IOException {
        long length = source.size();
        if (length < HeaderLayout.LENGTH + TrailerLayout.LENGTH) { // 1
            throw new ContainerException(ErrorCode.TRUNCATED, "a container has at least 104 bytes, this one " + length);
        }
        Header header = HeaderLayout.read(source.read(0, HeaderLayout.LENGTH)); // 2
        long trailerOffset = length - TrailerLayout.LENGTH;
        Trailer trailer = TrailerLayout.read(source.read(trailerOffset, TrailerLayout.LENGTH), length); // 3
        FrontChecks.limit(header.frontLength(), Limits.FRONT_BYTES, "bytes of the front"); // 4
        FrontChecks.limit(trailer.indexLength(), Limits.INDEX_BYTES, "bytes of the index");
        FrontChecks.limit(trailer.decodedLength(), Limits.INDEX_BYTES, "bytes of the decoded index");
        Sections.checkFrame(header, trailer); // 5
        MemorySegment frontBytes = source.read(HeaderLayout.LENGTH, header.frontLength()); // 6
        checksum(frontBytes, header.frontCrc(), ErrorCode.FRONT_CHECKSUM, "the front is damaged",
                HeaderLayout.LENGTH);
        MemorySegment indexBytes = source.read(trailer.indexOffset(), trailer.indexLength());
        checksum(indexBytes, trailer.indexCrc(), ErrorCode.INDEX_CHECKSUM, "the index is damaged",
                trailer.indexOffset());
        Front front = Messages.front(frontBytes, HeaderLayout.LENGTH); // 7
        Index index = Messages.index(message(indexBytes, trailer), trailer.indexOffset(), length);
        FrontChecks.limits(front);
        IndexChecks.limits(index);
        FrontChecks.requirements(front, header.hasLayer());
        Sections sections = Sections.of(header, trailer, front, index); // 8
        MemorySegment schema = front.hasSchema() // 9
                ? chunk(front.getSchema(), sections.firstOffset(), "schema")
                : MemorySegment.ofArray(new byte[0]);
        SafetensorsHeader parsed = front.hasSchema() ? parse(schema, front, sections) : null;
        List<TensorInfo> tensors = parsed == null
                ? List.of(TensorInfo.opaque(front.getFileLength()))
                : parsed.tensors();
        Index layerIndex = front.hasLayer() ? layerIndex(front, sections, tensors, length) : null;
        try {
            IndexChecks.requirements(index, tensors, front, layerIndex); // 10
        } catch (ContainerException e) {
            throw e.in(source.name(), null, trailer.indexOffset());
        }
        if (level == Verification.FULL) { // 11
            checkPadding(sections);
        }
        return new Opened(header, front, index, layerIndex, sections, schema, parsed, tensors);
    }

    /**
     * Opens the first part of a container, up to the end of FIRST, which is all that its first layer needs.
     *
     * @return what it holds; of the sections only those of the first part have a meaning
     * @throws ContainerException if it is damaged, or {@code MALFORMED_FRONT} if it has no layer
     * @throws IOException        if its bytes cannot be had
     */
    Opened openFirstPart() throws IOException {
        long length = source.size();
        if (length < HeaderLayout.LENGTH) {
            throw new ContainerException(ErrorCode.TRUNCATED, "a header has 64 bytes, these are " + length);
        }
        Header header = HeaderLayout.read(source.read(0, HeaderLayout.LENGTH));
        FrontChecks.limit(header.frontLength(), Limits.FRONT_BYTES, "bytes of the front");
        long frontEnd = HeaderLayout.LENGTH + header.frontLength();
        if (header.firstPartLength() != length || frontEnd > length) {
            throw new ContainerException(ErrorCode.TRUNCATED,
                    "the first part has " + Long.toUnsignedString(header.firstPartLength()) + " bytes, not " + length);
        }
        MemorySegment frontBytes = source.read(HeaderLayout.LENGTH, header.frontLength());
        checksum(frontBytes, header.frontCrc(), ErrorCode.FRONT_CHECKSUM, "the front is damaged",
                HeaderLayout.LENGTH);
        Front front = Messages.front(frontBytes, HeaderLayout.LENGTH);
        FrontChecks.limits(front);
        FrontChecks.requirements(front, header.hasLayer());
        if (!front.hasLayer()) {
            throw new ContainerException(ErrorCode.MALFORMED_FRONT, "the container has no first layer");
        }
        Sections sections = Sections.ofFirstPart(header, front);
        MemorySegment schema = chunk(front.getSchema(), sections.firstOffset(), "schema");
        SafetensorsHeader parsed = parse(schema, front, sections);
        Index layerIndex = layerIndex(front, sections, parsed.tensors(), length);
        return new Opened(header, front, null, layerIndex, sections, schema, parsed, parsed.tensors());
    }

    /** The layer's index, checked. */
    private Index layerIndex(Front front, Sections sections, List<TensorInfo> tensors, long length)
            throws IOException {
        long offset = sections.layerOffset(front);
        MemorySegment bytes = chunk(front.getLayer().getIndex(), offset, "layer's index");
        try {
            Index index = Messages.index(bytes, offset, length);
            IndexChecks.limits(index);
            Sections.checkLayer(front.getLayer(), index, offset);
            IndexChecks.requirementsOfLayer(index, tensors, front);
            return index;
        } catch (ContainerException e) {
            throw e.in(source.name(), null, offset);
        }
    }

    /** The bytes of the message {@code Index} (R-TRL-003). */
    private static MemorySegment message(MemorySegment stored, TrailerLayout.Trailer trailer)
            throws ContainerException {
        if (trailer.decodedLength() == 0) {
            return stored;
        }
        try {
            return MemorySegment.ofArray(ZstdFrames.decode(stored, Math.toIntExact(trailer.decodedLength())));
        } catch (MalformedFrameException e) {
            throw new ContainerException(ErrorCode.MALFORMED_MESSAGE,
                    "the index does not decode: " + e.getMessage(), null, null, trailer.indexOffset(), e);
        }
    }

    private SafetensorsHeader parse(MemorySegment schema, Front front, Sections sections) throws ContainerException {
        try {
            return SafetensorsHeader.parse(schema, front.getFileLength() - schema.byteSize());
        } catch (ContainerException e) {
            throw e.in(source.name(), null, sections.firstOffset());
        }
    }

    /**
     * Reads a chunk, checks its checksum and decodes it.
     *
     * @param chunk  what the message says of it, checked for its decoded length to be within a limit below 2 GiB
     * @param offset where it lies
     * @param what   its name
     * @return the decoded bytes: a view of the stored ones, or a new array
     * @throws ContainerException {@code CHUNK_CHECKSUM} (R-MSG-008) or {@code MALFORMED_CHUNK} (R-MSG-007,
     *                            R-MSG-010, R-SCH-012)
     * @throws IOException        if the bytes cannot be had
     */
    MemorySegment chunk(Chunk chunk, long offset, String what) throws IOException {
        MemorySegment stored = source.read(offset, chunk.getStoredLength());
        checksum(stored, chunk.getCrc32C(), ErrorCode.CHUNK_CHECKSUM, "the " + what + " chunk is damaged", offset);
        if (chunk.getCoding() == ChunkCoding.CHUNK_CODING_RAW) {
            return stored;
        }
        int length = Math.toIntExact(chunk.getDecodedLength());
        try {
            return MemorySegment.ofArray(chunk.getCoding() == ChunkCoding.CHUNK_CODING_ZSTD_LENGTHS
                    ? SchemaLengths.expand(ZstdFrames.decodeAtMost(stored, length), length)
                    : ZstdFrames.decode(stored, length));
        } catch (MalformedFrameException e) {
            throw new ContainerException(ErrorCode.MALFORMED_CHUNK,
                    "the " + what + " chunk does not decode: " + e.getMessage(), null, null, offset, e);
        }
    }

    private static void checksum(MemorySegment bytes, int crc, ErrorCode code, String otherwise, long offset)
            throws ContainerException {
        if (Checksums.crc32c(bytes) != crc) {
            throw new ContainerException(code, otherwise, null, null, offset, null);
        }
    }

    /** R-LAY-002. */
    private void checkPadding(Sections sections) throws IOException {
        long[] ends = {sections.frontEnd(), sections.firstPartLength(), sections.dataEnd(), sections.indexEnd()};
        for (long end : ends) {
            MemorySegment padding = source.read(end, Sections.padding(end));
            for (long i = 0; i < padding.byteSize(); i++) {
                if (padding.get(ValueLayout.JAVA_BYTE, i) != 0) {
                    throw new ContainerException(ErrorCode.NONZERO_PADDING, "padding is set", null, null, end + i,
                            null);
                }
            }
        }
    }
}
