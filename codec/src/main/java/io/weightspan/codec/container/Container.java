package io.weightspan.codec.container;

import io.weightspan.codec.safetensors.SafetensorsHeader;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A stored container, opened and checked, whose chunks and blocks can be read. Decodes nothing but chunks. Thread-safe
 * but for closing, which must come after every read, and every use of what was read, has ended.
 */
public final class Container implements Closeable {
    private final ByteSource source;
    private final Verification level;
    private final ContainerOpener.Opened opened;
    private final @Nullable TensorCoding coding;
    private final @Nullable TensorCoding layer;

    private Container(ByteSource source, Verification level, ContainerOpener opener, ContainerOpener.Opened opened) {
        this.source = source;
        this.level = level;
        this.opened = opened;
        Sections sections = opened.sections();
        Front front = opened.front();
        Index index = opened.index();
        coding = index == null
                ? null
                : new TensorCoding(source, level, opener, front, index, opened.tensors(), sections.tablesOffset());
        Index layerIndex = opened.layerIndex();
        layer = layerIndex == null
                ? null
                : new TensorCoding(source, level, opener, front, layerIndex, opened.tensors(),
                        sections.layerOffset(front) + front.getLayer().getIndex().getStoredLength());
    }

    /**
     * Opens a container and checks everything but its blocks, tables and scales, in the order of work of section 9 of
     * the format. The container owns the source from here on: it is closed with it, and here if opening fails.
     *
     * @param source the stored bytes
     * @param level  how much to check, here and later. Chunks are read whole and rarely, so that their checksums are
     *               checked at every level; those of blocks only from {@link Verification#CHUNKS} on
     * @return the container, to be closed
     * @throws ContainerException if it is damaged or hostile, with the first code that applies
     * @throws IOException        if its bytes cannot be had
     */
    public static Container open(ByteSource source, Verification level) throws IOException {
        return open(source, level, true);
    }

    /**
     * Opens the first part of a container, which its first layer decodes from.
     *
     * @param source its first {@code first_part_length} bytes; owned as by {@link #open}
     * @param level  how much to check
     * @return the container, of which only {@link #layer} is a coding
     * @throws ContainerException if it is damaged or hostile, or has no layer
     * @throws IOException        if its bytes cannot be had
     */
    public static Container openFirstPart(ByteSource source, Verification level) throws IOException {
        return open(source, level, false);
    }

    private static Container open(ByteSource source, Verification level, boolean whole) throws IOException {
        boolean done = false;
        try {
            ContainerOpener opener = new ContainerOpener(source, level);
            Container container =
                    new Container(source, level, opener, whole ? opener.open() : opener.openFirstPart());
            done = true;
            return container;
        } catch (ContainerException e) {
            throw e.in(source.name(), null, -1);
        } finally {
            if (!done) {
                source.close();
            }
        }
    }

    /**
     * What errors call the container.
     *
     * @return the source's name
     */
    public String name() {
        return source.name();
    }

    /**
     * The stored bytes.
     *
     * @return the source; it must not be closed
     */
    public ByteSource source() {
        return source;
    }

    /**
     * How much is checked.
     *
     * @return the level that the container was opened with
     */
    public Verification verification() {
        return level;
    }

    /**
     * The fixed header.
     *
     * @return what it says
     */
    public HeaderLayout.Header header() {
        return opened.header();
    }

    /**
     * The front.
     *
     * @return the message, checked
     */
    public Front front() {
        return opened.front();
    }

    /**
     * The index.
     *
     * @return the message, checked
     * @throws IllegalStateException if only the first part is open
     */
    public Index index() {
        return whole(opened.index());
    }

    private static <T> T whole(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("only the first part of the container is open");
        }
        return part;
    }

    /**
     * Bytes of the original file.
     *
     * @return at most {@link Limits#FILE_BYTES}
     */
    public long fileLength() {
        return opened.front().getFileLength();
    }

    /**
     * Digest of the original file.
     *
     * @return what the front claims
     */
    public Digest fileDigest() {
        return Digest.of(opened.front().getFileSha256());
    }

    /**
     * The original file's safetensors header.
     *
     * @return the parsed header, empty for an opaque file
     */
    public Optional<SafetensorsHeader> safetensors() {
        return Optional.ofNullable(opened.parsed());
    }

    /**
     * The original file's first bytes: the safetensors header and its length.
     *
     * @return read-only bytes, none for an opaque file
     */
    public MemorySegment schema() {
        return opened.schema().asReadOnly();
    }

    /**
     * The tensors.
     *
     * @return all of them in data order, one without a name for an opaque file; unmodifiable
     */
    public List<TensorInfo> tensors() {
        return opened.tensors();
    }

    /**
     * How the tensors of the file are coded.
     *
     * @return the coding that INDEX describes
     * @throws IllegalStateException if only the first part is open
     */
    public TensorCoding coding() {
        return whole(coding);
    }

    /**
     * The first layer.
     *
     * @return how it codes the tensors, or empty where there is none
     */
    public Optional<TensorCoding> layer() {
        return Optional.ofNullable(layer);
    }

    /**
     * Digest of the file that the first layer decodes to.
     *
     * @return what the front claims, or empty where there is no layer
     */
    public Optional<Digest> layerDigest() {
        return layer().map(_ -> Digest.of(front().getLayer().getFileSha256()));
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
