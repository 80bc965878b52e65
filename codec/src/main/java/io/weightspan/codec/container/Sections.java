package io.weightspan.codec.container;

import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.Layer;
import io.weightspan.format.v1.TensorEntry;

/**
 * Where the parts of a container lie (section 3 of the format). Offsets count from the start of the container; each
 * section begins at the first multiple of 8 at or after the end of the one before it.
 *
 * @param frontEnd        end of the message {@code Front}
 * @param firstOffset     start of FIRST, and of the schema chunk where there is one; the layer follows that
 * @param firstPartLength end of FIRST
 * @param tablesOffset    start of DATA, and of the tables chunk where there is one
 * @param dataEnd         end of the last block
 * @param indexOffset     start of the message {@code Index}
 * @param indexEnd        end of the message {@code Index}
 * @param trailerOffset   start of the trailer
 */
record Sections(long frontEnd, long firstOffset, long firstPartLength, long tablesOffset, long dataEnd,
        long indexOffset, long indexEnd, long trailerOffset) {
    private static final int ALIGNMENT = 8;

    /**
     * The first multiple of 8 at or after an offset.
     *
     * @param offset at least 0, and at most 2^63 - 8
     * @return the multiple
     */
    static long align(long offset) {
        return offset + ALIGNMENT - 1 & -ALIGNMENT;
    }

    /**
     * The bytes of padding after an offset.
     *
     * @param offset at least 0
     * @return 0 to 7
     */
    static int padding(long offset) {
        return (int) (align(offset) - offset);
    }

    /**
     * Checks the sections' places as far as header and trailer give them: step 5 of the format.
     *
     * @param header  the header
     * @param trailer the trailer
     * @throws ContainerException {@code BAD_LAYOUT} (R-LAY-004, R-TRL-004)
     */
    static void checkFrame(HeaderLayout.Header header, TrailerLayout.Trailer trailer) throws ContainerException {
        long frontEnd = HeaderLayout.LENGTH + header.frontLength();
        long trailerOffset = trailer.containerLength() - TrailerLayout.LENGTH;
        long firstPart = header.firstPartLength();
        long index = trailer.indexOffset();
        // A value of 2^63 or more is negative here and fails the first comparison that it stands in.
        require(frontEnd <= firstPart && firstPart <= index && index <= trailerOffset && index % ALIGNMENT == 0,
                "the sections overlap or do not lie within the container", HeaderLayout.FIRST_PART_LENGTH_OFFSET);
        require(align(index + trailer.indexLength()) == trailerOffset, "the index does not end at the trailer",
                trailerOffset);
    }

    /**
     * Places every part and checks that they add up: step 8 of the format.
     *
     * @param header  the header, checked by {@link #checkFrame}
     * @param trailer the trailer, likewise
     * @param front   the front, checked on its own
     * @param index   the index, parsed and within its limits
     * @return the places
     * @throws ContainerException {@code BAD_LAYOUT} (R-HDR-009, R-LAY-001, R-LAY-003, R-LAY-004)
     */
    static Sections of(HeaderLayout.Header header, TrailerLayout.Trailer trailer, Front front, Index index)
            throws ContainerException {
        Sections first = ofFirstPart(header, front);
        long layerEnd = first.firstPartLength();
        long tablesOffset = align(layerEnd);
        long dataEnd = dataEnd(tablesOffset, index);
        require(dataEnd <= trailer.indexOffset() && align(dataEnd) == trailer.indexOffset(),
                "the chunks and blocks do not fill the data section", tablesOffset);
        return new Sections(first.frontEnd(), first.firstOffset(), layerEnd, tablesOffset, dataEnd,
                trailer.indexOffset(), trailer.indexOffset() + trailer.indexLength(),
                trailer.containerLength() - TrailerLayout.LENGTH);
    }

    /**
     * Places the parts up to the end of FIRST.
     *
     * @param header the header
     * @param front  the front, checked on its own
     * @return the places; those after FIRST are its end
     * @throws ContainerException {@code BAD_LAYOUT} (R-HDR-009)
     */
    static Sections ofFirstPart(HeaderLayout.Header header, Front front) throws ContainerException {
        long frontEnd = HeaderLayout.LENGTH + header.frontLength();
        long firstOffset = align(frontEnd);
        long schemaEnd = add(firstOffset, front.getSchema().getStoredLength());
        long layerEnd = add(add(schemaEnd, front.getLayer().getIndex().getStoredLength()),
                front.getLayer().getDataLength());
        require(layerEnd == header.firstPartLength(), "first_part_length is not the end of the schema and the layer",
                HeaderLayout.FIRST_PART_LENGTH_OFFSET);
        return new Sections(frontEnd, firstOffset, layerEnd, layerEnd, layerEnd, layerEnd, layerEnd, layerEnd);
    }

    /**
     * Where the layer's index chunk begins.
     *
     * @param front the front
     * @return the end of the schema chunk
     */
    long layerOffset(Front front) {
        return firstOffset + front.getSchema().getStoredLength();
    }

    /** The end of an index's chunks and blocks, which begin at an offset. */
    private static long dataEnd(long offset, Index index) throws ContainerException {
        long end = add(add(offset, index.getTables().getStoredLength()), index.getScales().getStoredLength());
        for (TensorEntry tensor : index.getTensorsList()) {
            for (int block = 0; block < tensor.getBlockLengthsCount(); block++) {
                end = add(end, Integer.toUnsignedLong(tensor.getBlockLengths(block)));
            }
        }
        return end;
    }

    /**
     * Checks that a layer's chunks and blocks fill its place.
     *
     * @param layer  what the front says of it
     * @param index  its index
     * @param offset where the layer begins, for the error
     * @throws ContainerException {@code BAD_LAYOUT} (R-LYR-004)
     */
    static void checkLayer(Layer layer, Index index, long offset) throws ContainerException {
        require(dataEnd(0, index) == layer.getDataLength(), "the layer's chunks and blocks do not fill it", offset);
    }

    /** Adds an unsigned length; what overflows cannot lie within a container. */
    private static long add(long offset, long length) throws ContainerException {
        long end = offset + length;
        require(length >= 0 && end >= 0, "a length is larger than any container", offset);
        return end;
    }

    private static void require(boolean condition, String otherwise, long offset) throws ContainerException {
        if (!condition) {
            throw new ContainerException(ErrorCode.BAD_LAYOUT, otherwise, null, null, offset, null);
        }
    }
}
