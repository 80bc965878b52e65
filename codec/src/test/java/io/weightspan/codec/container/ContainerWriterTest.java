package io.weightspan.codec.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Layout;
import io.weightspan.format.v1.TensorEntry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The writer: nothing is finished that a reader would refuse, and nothing stays open. */
class ContainerWriterTest {
    private static final MemorySegment NO_SCHEMA = MemorySegment.ofArray(new byte[0]);
    private static final byte[] FILE = {7, 8, 9};
    private static final Digest DIGEST = Digest.sha256(MemorySegment.ofArray(FILE));
    private static final MemorySegment BLOCK = MemorySegment.ofArray(new byte[] {0, 7, 8, 9});

    @TempDir
    private Path folder = Path.of("");

    private static Front front() {
        return TestRecords.front(Layout.LAYOUT_OPAQUE, FILE).build();
    }

    private static ContainerWriter writer() throws IOException {
        return ContainerWriter.create(Channels.newChannel(new ByteArrayOutputStream()), front(), NO_SCHEMA);
    }

    private static void assertCode(ErrorCode code, Throwable thrown) {
        assertThat(thrown).isInstanceOfSatisfying(ContainerException.class,
                e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void aFileIsWrittenAndNeverOverwritten() throws IOException {
        Path path = folder.resolve("record.wspan");
        ContainerWriter.Written written;
        try (ContainerWriter writer = ContainerWriter.create(path, front(), NO_SCHEMA, Optional.empty())) {
            writer.coding().appendBlock(BLOCK);
            writer.coding().endTensor(TestRecords.bytesEntry(), Optional.of(DIGEST));
            written = writer.finish(List.of());
        }
        assertThat(Files.size(path)).isEqualTo(written.length());
        try (MappedSource source = MappedSource.open(path)) {
            assertThat(Digest.sha256(source.bytes())).isEqualTo(written.object());
        }
        try (Container container = Container.open(MappedSource.open(path), Verification.FULL)) {
            assertThat(container.name()).isEqualTo(path.toString());
            assertThat(container.coding().block(0, 0).isNative()).as("a view of the map").isTrue();
            assertThat(container.coding().block(0, 0).mismatch(BLOCK)).isEqualTo(-1);
        }
        assertThatThrownBy(() -> ContainerWriter.create(path, front(), NO_SCHEMA, Optional.empty()))
                .isInstanceOf(FileAlreadyExistsException.class);
    }

    @Test
    void aFrontThatAReaderRefusesCreatesNoFile() {
        Path path = folder.resolve("none.wspan");
        Front unnamed = front().toBuilder().setFileSha256(ByteString.EMPTY).build();
        assertThatThrownBy(() -> ContainerWriter.create(path, unnamed, NO_SCHEMA, Optional.empty()))
                .satisfies(e -> assertCode(ErrorCode.MALFORMED_FRONT, e));
        Front schemaless = front().toBuilder().setLayout(Layout.LAYOUT_SAFETENSORS).build();
        assertThatThrownBy(() -> ContainerWriter.create(path, schemaless, NO_SCHEMA, Optional.empty()))
                .satisfies(e -> assertCode(ErrorCode.MALFORMED_FRONT, e));
        assertThatThrownBy(() -> ContainerWriter.create(path, schemaless, TestRecords.schema("{}"), Optional.empty()))
                .satisfies(e -> assertCode(ErrorCode.MALFORMED_SCHEMA, e));
        assertThat(path).doesNotExist();
    }

    @Test
    void aSchemaIsCompressedWhereThatHelps() throws IOException {
        String json = "{\"__metadata__\":{\"a\":\"" + "na".repeat(500) + "\"}}";
        try (Container container = TestRecords.open(TestRecords.record(json, new byte[0]), Verification.FULL)) {
            assertThat(container.front().getSchema().getStoredLength()).isLessThan(100);
            assertThat(container.schema().byteSize()).isEqualTo(8 + json.length());
        }
        try (Container container = TestRecords.open(TestRecords.record("{}", new byte[0]), Verification.FULL)) {
            assertThat(container.front().getSchema().getStoredLength()).isEqualTo(10);
        }
    }

    @Test
    void chunksComeBeforeBlocks() throws IOException {
        try (ContainerWriter writer = writer()) {
            writer.coding().scales(new byte[1]);
            assertThatThrownBy(() -> writer.coding().tables(new byte[1], 1)).isInstanceOf(IllegalStateException.class);
            writer.coding().appendBlock(BLOCK);
            assertThatThrownBy(() -> writer.coding().scales(new byte[1])).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> writer.finish(List.of())).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("blocks without a tensor");
        }
    }

    @Test
    void nothingFollowsTheEnd() throws IOException {
        try (ContainerWriter writer = writer()) {
            writer.coding().appendBlock(BLOCK);
            writer.coding().endTensor(TestRecords.bytesEntry(), Optional.of(DIGEST));
            writer.finish(List.of());
            assertThatThrownBy(() -> writer.coding().appendBlock(BLOCK)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> writer.coding().endTensor(TensorEntry.getDefaultInstance(), Optional.of(DIGEST)))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> writer.finish(List.of())).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void anIndexThatAReaderRefusesIsNotWritten() throws IOException {
        try (ContainerWriter writer = writer()) {
            assertThatThrownBy(() -> writer.finish(List.of()))
                    .satisfies(e -> assertCode(ErrorCode.MALFORMED_INDEX, e));
        }
        try (ContainerWriter writer = writer()) {
            writer.coding().endTensor(TestRecords.bytesEntry(), Optional.of(DIGEST));
            assertThatThrownBy(() -> writer.finish(List.of()))
                    .satisfies(e -> assertCode(ErrorCode.MALFORMED_INDEX, e));
        }
    }

    @Test
    void whatAnEntrySaysOfBlocksIsReplaced() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ContainerWriter writer = ContainerWriter.create(Channels.newChannel(out), front(), NO_SCHEMA)) {
            writer.coding().appendBlock(BLOCK);
            writer.coding().endTensor(TestRecords.bytesEntry().toBuilder().addBlockLengths(99).build(),
                    Optional.of(DIGEST));
            writer.finish(List.of());
        }
        try (Container container = TestRecords.open(out.toByteArray(), Verification.FULL)) {
            assertThat(container.coding().block(0, 0).mismatch(BLOCK)).isEqualTo(-1);
        }
    }

    @Test
    void aFullDiskClosesTheChannel() {
        boolean[] closed = new boolean[1];
        WritableByteChannel full = new WritableByteChannel() {
            @Override
            public int write(ByteBuffer bytes) throws IOException {
                throw new IOException("No space left on device");
            }

            @Override
            public boolean isOpen() {
                return !closed[0];
            }

            @Override
            public void close() {
                closed[0] = true;
            }
        };
        assertThatThrownBy(() -> {
            try (ContainerWriter writer = ContainerWriter.create(full, front(), NO_SCHEMA)) {
                writer.coding().appendBlock(BLOCK);
                writer.coding().endTensor(TestRecords.bytesEntry(), Optional.of(DIGEST));
                writer.finish(List.of());
            }
        }).isInstanceOf(IOException.class).hasMessage("No space left on device");
        assertThat(full.isOpen()).isFalse();
    }
}
