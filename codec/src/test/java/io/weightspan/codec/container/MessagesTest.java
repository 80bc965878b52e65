package io.weightspan.codec.container;

import static io.weightspan.codec.container.Refusals.assertAccepted;
import static io.weightspan.codec.container.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.UnknownFieldSet;
import io.weightspan.format.v1.Chunk;
import io.weightspan.format.v1.ChunkCoding;
import io.weightspan.format.v1.Dependency;
import io.weightspan.format.v1.Extension;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.Layout;
import io.weightspan.format.v1.Role;
import io.weightspan.format.v1.TableSet;
import io.weightspan.format.v1.TensorEntry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sections 3 and 6 of the format, and the limits on what messages claim. */
class MessagesTest {
    private static final String JSON = "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}";
    private static final byte[] NOT_A_MESSAGE = {0x0A, 0x7F};

    private Assembly assembly = newAssembly();

    private static Assembly newAssembly() {
        try {
            return Assembly.of(TestRecords.record(JSON, TestRecords.data(3)));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @BeforeEach
    void takeApart() {
        assembly = newAssembly();
        assertAccepted(assembly.build());
    }

    private static Dependency dependency(int object, Role role) {
        return Dependency.newBuilder().setObjectSha256(TestRecords.digest(object))
                .setFileSha256(TestRecords.digest(99)).setRole(role).build();
    }

    @Test
    void rMsg001BytesThatAreNoMessageAreRefused() {
        assembly.frontBytes = NOT_A_MESSAGE;
        assertRefused(assembly.build(), ErrorCode.MALFORMED_MESSAGE);
        assembly = newAssembly();
        assembly.indexBytes = NOT_A_MESSAGE;
        assertRefused(assembly.build(), ErrorCode.MALFORMED_MESSAGE);
    }

    @Test
    void rMsg002UnknownFieldsAreIgnored() {
        UnknownFieldSet unknown = UnknownFieldSet.newBuilder()
                .addField(1000, UnknownFieldSet.Field.newBuilder().addVarint(7).build()).build();
        assembly.front(front -> front.setUnknownFields(unknown)).index(index -> index.setUnknownFields(unknown));
        assertAccepted(assembly.build());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 31, 33})
    void rMsg003ADigestHas32Bytes(int length) {
        ByteString digest = ByteString.copyFrom(new byte[length]);
        assertRefused(newAssembly().front(front -> front.setFileSha256(digest)).build(), ErrorCode.MALFORMED_FRONT);
        assertRefused(newAssembly().front(front -> front.addDependencies(
                dependency(1, Role.ROLE_BASE).toBuilder().setObjectSha256(digest))).build(),
                ErrorCode.MALFORMED_FRONT);
        assertRefused(newAssembly().front(front -> front.addDependencies(
                dependency(1, Role.ROLE_BASE).toBuilder().setFileSha256(digest))).build(),
                ErrorCode.MALFORMED_FRONT);
        ContainerException thrown = assertRefused(
                newAssembly().index(index -> index.setTensorSha256(digest.concat(ByteString.copyFrom(new byte[2]))))
                        .build(),
                ErrorCode.MALFORMED_INDEX);
        assertThat(thrown.offset()).isPresent();
    }

    @Test
    void rMsg004AFrontOfUnknownValuesIsRefused() {
        assertRefused(newAssembly().front(front -> front.setLayout(Layout.LAYOUT_UNSPECIFIED)).build(),
                ErrorCode.MALFORMED_FRONT);
        assertRefused(newAssembly().front(front -> front.setLayoutValue(3)).build(), ErrorCode.MALFORMED_FRONT);
        assertRefused(newAssembly().front(front -> front.addDependencies(dependency(1, Role.ROLE_UNSPECIFIED)))
                .build(), ErrorCode.MALFORMED_FRONT);
        assertRefused(newAssembly().front(front -> front.addDependencies(
                dependency(1, Role.ROLE_BASE).toBuilder().setRoleValue(4))).build(), ErrorCode.MALFORMED_FRONT);
        assertRefused(newAssembly().front(front -> front.setSchema(front.getSchema().toBuilder().setCodingValue(3)))
                .build(), ErrorCode.MALFORMED_FRONT);
    }

    @Test
    void rMsg004TheSchemaChunkGoesWithTheLayout() {
        assertRefused(newAssembly().front(front -> front.setLayout(Layout.LAYOUT_OPAQUE)).build(),
                ErrorCode.MALFORMED_FRONT);
        assertRefused(newAssembly().front(front -> front.clearSchema()).build(), ErrorCode.MALFORMED_FRONT);
    }

    @Test
    void rMsg005ARawChunkHasOneLength() {
        byte[] schema = TestRecords.safetensors(JSON, new byte[0]);
        assembly.schema(schema).front(front -> front.setSchema(
                front.getSchema().toBuilder().setDecodedLength(schema.length + 1L)));
        assertRefused(assembly.build(), ErrorCode.MALFORMED_FRONT);
        assertRefused(newAssembly().scales(new byte[2])
                .index(index -> index.setScales(index.getScales().toBuilder().setDecodedLength(0))).build(),
                ErrorCode.MALFORMED_INDEX);
        assertRefused(newAssembly().tables(new byte[2], 1)
                .index(index -> index.setTables(index.getTables().toBuilder().setDecodedLength(0))).build(),
                ErrorCode.MALFORMED_INDEX);
    }

    @Test
    void rMsg006TwoDependenciesAreTwoObjects() {
        assertAccepted(newAssembly().front(front -> front.addDependencies(dependency(1, Role.ROLE_BASE))
                .addDependencies(dependency(2, Role.ROLE_SIBLING))).build());
        assertRefused(newAssembly().front(front -> front.addDependencies(dependency(1, Role.ROLE_BASE))
                .addDependencies(dependency(1, Role.ROLE_SIBLING))).build(), ErrorCode.MALFORMED_FRONT);
    }

    @Test
    void rMsg007AZstdSchemaIsDecodedAndADamagedOneRefused() {
        byte[] schema = TestRecords.safetensors(JSON, new byte[0]);
        byte[] frame = ZstdFrames.encode(schema, 3);
        Chunk chunk = Assembly.raw(frame).toBuilder().setCoding(ChunkCoding.CHUNK_CODING_ZSTD)
                .setDecodedLength(schema.length).build();
        assembly.schemaStored = frame;
        assertAccepted(assembly.front(front -> front.setSchema(chunk)).build());
        ContainerException thrown = assertRefused(assembly.front(front -> front.setSchema(
                chunk.toBuilder().setDecodedLength(schema.length + 1))).build(), ErrorCode.MALFORMED_CHUNK);
        assertThat(thrown.offset()).isPresent();
    }

    @Test
    void rMsg008ADamagedChunkOrBlockIsRefused() throws IOException {
        assertRefused(newAssembly().front(front -> front.setSchema(front.getSchema().toBuilder().setCrc32C(0)))
                .build(), ErrorCode.CHUNK_CHECKSUM);
        byte[] damaged = newAssembly().index(index -> index.setBlockCrc32C(0, 0)).build();
        try (Container container = TestRecords.open(damaged, Verification.STRUCTURE)) {
            assertThat(container.coding().block(0, 0).byteSize()).isEqualTo(4);
        }
        try (Container container = TestRecords.open(damaged, Verification.CHUNKS)) {
            assertThatThrownBy(() -> container.coding().block(0, 0)).isInstanceOfSatisfying(ContainerException.class,
                    e -> {
                        assertThat(e.code()).isEqualTo(ErrorCode.CHUNK_CHECKSUM);
                        assertThat(e.tensor()).contains("a");
                        assertThat(e.offset()).hasValue(container.coding().blockOffset(0, 0));
                    });
        }
    }

    @Test
    void rMsg008DamagedTablesAndScalesAreRefusedWhenTheyAreRead() throws IOException {
        byte[] damaged = newAssembly().tensor(0, entry -> entry.setRowDims(1).setHasRowScales(true))
                .scales(new byte[3]).tables(new byte[4], 1)
                .index(index -> index.setScales(index.getScales().toBuilder().setCrc32C(1))
                        .setTables(index.getTables().toBuilder().setCrc32C(1)))
                .build();
        try (Container container = TestRecords.open(damaged, Verification.STRUCTURE)) {
            assertThatThrownBy(container.coding()::tablesChunk).hasMessageStartingWith("CHUNK_CHECKSUM")
                    .hasMessageContaining("test");
            assertThatThrownBy(container.coding()::scalesChunk).hasMessageStartingWith("CHUNK_CHECKSUM");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {9, 0, -1})
    void rLay004BlocksThatDoNotFillTheDataAreRefused(int length) {
        assertRefused(assembly.tensor(0, entry -> entry.setBlockLengths(0, length)).build(), ErrorCode.BAD_LAYOUT);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 40})
    void rLay004LengthsBeyondTheContainerAreRefused(long length) {
        byte[] stored = new byte[0];
        Chunk scales = Assembly.raw(stored).toBuilder().setCoding(ChunkCoding.CHUNK_CODING_ZSTD)
                .setStoredLength(length).build();
        assertRefused(newAssembly().index(index -> index.setScales(scales)).build(), ErrorCode.BAD_LAYOUT);
        assertRefused(newAssembly().front(front -> front.setSchema(scales)).build(), ErrorCode.BAD_LAYOUT);
    }

    @Test
    void rLim003ToLim013ClaimsAboveALimitAreRefused() {
        Chunk large = Chunk.newBuilder().setCoding(ChunkCoding.CHUNK_CODING_ZSTD).build();
        assertRefused(newAssembly().front(front -> front.setSchema(
                large.toBuilder().setDecodedLength(Limits.JSON_BYTES + 9))).build(), ErrorCode.LIMIT_EXCEEDED);
        assertRefused(newAssembly().front(front -> {
            for (int i = 0; i <= Limits.DEPENDENCIES; i++) {
                front.addDependencies(dependency(i, Role.ROLE_SIBLING));
            }
            return front;
        }).build(), ErrorCode.LIMIT_EXCEEDED);
        assertRefused(newAssembly().front(front -> {
            for (int i = 0; i <= Limits.EXTENSIONS; i++) {
                front.addExtensions(Extension.newBuilder().setKey("org.example.k" + i));
            }
            return front;
        }).build(), ErrorCode.LIMIT_EXCEEDED);
        assertRefused(newAssembly().front(front -> front.setFileLength(Limits.FILE_BYTES + 1)).build(),
                ErrorCode.LIMIT_EXCEEDED);
        assertRefused(newAssembly().front(front -> front.setFileLength(-1)).build(), ErrorCode.LIMIT_EXCEEDED);
        assertRefused(newAssembly().index(index -> index.setTableCount(Limits.TABLES + 1)).build(),
                ErrorCode.LIMIT_EXCEEDED);
        assertRefused(newAssembly().index(index -> index.setScales(
                large.toBuilder().setDecodedLength(Limits.SCALES_BYTES + 1))).build(), ErrorCode.LIMIT_EXCEEDED);
        assertRefused(newAssembly().index(index -> index.setTables(
                large.toBuilder().setDecodedLength(Limits.TABLES_BYTES + 1))).build(), ErrorCode.LIMIT_EXCEEDED);
        assertRefused(newAssembly().index(index -> index.setTables(
                large.toBuilder().setStoredLength(Limits.TABLES_BYTES + 1))).build(), ErrorCode.LIMIT_EXCEEDED);
    }

    @Test
    void rLim007And012TheLimitItselfIsAccepted() {
        assertAccepted(newAssembly().front(front -> {
            for (int i = 0; i < Limits.DEPENDENCIES; i++) {
                front.addDependencies(dependency(i, Role.ROLE_SIBLING));
                front.addExtensions(Extension.newBuilder().setKey("org.example.k" + i));
            }
            return front;
        }).build());
    }

    @Test
    void rLim009TableSetsHaveALimit() {
        TableSet set = TableSet.newBuilder().addSegmentEnds(128).build();
        Assembly full = newAssembly().tables(new byte[4], 1);
        for (int i = 0; i < Limits.TABLE_SETS; i++) {
            full.index(index -> index.addTableSets(set));
        }
        assertAccepted(full.build());
        assertRefused(full.index(index -> index.addTableSets(set)).build(), ErrorCode.LIMIT_EXCEEDED);
    }

    @Test
    void rLim004MoreTensorsThanTheLimitAreRefusedBeforeTheyAreBuilt() throws IOException {
        assembly.indexBytes = emptyTensors(Limits.TENSORS + 1);
        assertRefused(assembly.build(), ErrorCode.LIMIT_EXCEEDED);
        assembly.indexBytes = emptyTensors(Limits.TENSORS);
        assertRefused(assembly.build(), ErrorCode.BAD_LAYOUT);
    }

    @Test
    void rMsg001AMessageOfTooManyTensorsMustStillParse() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(emptyTensors(Limits.TENSORS + 1));
        // A tensor entry whose sha256 is longer than the entry.
        bytes.writeBytes(new byte[] {0x0A, 0x02, 0x6A, 0x05});
        assembly.indexBytes = bytes.toByteArray();
        assertRefused(assembly.build(), ErrorCode.MALFORMED_MESSAGE);
    }

    private static byte[] emptyTensors(int count) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        for (int i = 0; i < count; i++) {
            out.writeByteArray(Index.TENSORS_FIELD_NUMBER, new byte[0]);
        }
        out.flush();
        return bytes.toByteArray();
    }

    private static byte[] compressed(Assembly assembly, byte[] index) {
        assembly.indexBytes = ZstdFrames.encode(index, 3);
        assembly.indexDecodedLength = index.length;
        return assembly.build();
    }

    @Test
    void rTrl003AnIndexMayBeAZstdFrame() {
        byte[] index = assembly.index.toByteArray();
        assertAccepted(compressed(assembly, index));
        assembly.indexDecodedLength = index.length + 1;
        assertRefused(assembly.build(), ErrorCode.MALFORMED_MESSAGE);
        assembly.indexDecodedLength = (int) Limits.INDEX_BYTES + 1;
        assertRefused(assembly.build(), ErrorCode.LIMIT_EXCEEDED);
    }

    @Test
    void rLay004MoreBlocksThanBytesAreRefusedBeforeTheyAreBuilt() {
        // 16 MiB of zeros in a frame of a kilobyte: as many blocks of no bytes, four bytes of memory each.
        byte[] lengths = TensorEntry.newBuilder().setUnknownFields(UnknownFieldSet.newBuilder()
                .addField(TensorEntry.BLOCK_LENGTHS_FIELD_NUMBER, bytes(1 << 24)).build()).build().toByteArray();
        byte[] ofLengths = Index.newBuilder().setUnknownFields(UnknownFieldSet.newBuilder()
                .addField(Index.TENSORS_FIELD_NUMBER, UnknownFieldSet.Field.newBuilder()
                        .addLengthDelimited(ByteString.copyFrom(lengths)).build())
                .build()).build().toByteArray();
        byte[] ofChecksums = Index.newBuilder().setUnknownFields(UnknownFieldSet.newBuilder()
                .addField(Index.BLOCK_CRC32C_FIELD_NUMBER, bytes(1 << 24)).build()).build().toByteArray();
        for (byte[] index : List.of(ofLengths, ofChecksums)) {
            byte[] container = compressed(newAssembly(), index);
            assertThat(container).hasSizeLessThan(4096);
            assertRefused(container, ErrorCode.BAD_LAYOUT);
        }
    }

    @Test
    void rIdx006MoreSegmentsThanContextsAreRefusedBeforeTheyAreBuilt() {
        byte[] set = TableSet.newBuilder().setUnknownFields(UnknownFieldSet.newBuilder()
                .addField(TableSet.SEGMENT_ENDS_FIELD_NUMBER, bytes(1 << 24)).build()).build().toByteArray();
        byte[] index = Index.newBuilder().setUnknownFields(UnknownFieldSet.newBuilder()
                .addField(Index.TABLE_SETS_FIELD_NUMBER, UnknownFieldSet.Field.newBuilder()
                        .addLengthDelimited(ByteString.copyFrom(set)).build())
                .build()).build().toByteArray();
        assertRefused(compressed(newAssembly(), index), ErrorCode.MALFORMED_INDEX);
    }

    private static UnknownFieldSet.Field bytes(int zeros) {
        return UnknownFieldSet.Field.newBuilder().addLengthDelimited(ByteString.copyFrom(new byte[zeros])).build();
    }

    @Test
    void rMsg002UnknownFieldsAreDropped() throws IOException {
        UnknownFieldSet unknown = UnknownFieldSet.newBuilder()
                .addField(1000, UnknownFieldSet.Field.newBuilder().addVarint(7).build()).build();
        byte[] container = assembly.index(index -> index.setUnknownFields(unknown)).build();
        try (Container opened = TestRecords.open(container, Verification.FULL)) {
            assertThat(opened.index().getUnknownFields().asMap()).isEmpty();
        }
    }

    @Test
    void rMsg001StringsOfMessagesAreUtf8() {
        byte[] notUtf8 = {0x32, 0x03, 0x0A, 0x01, (byte) 0xFF};
        byte[] front = assembly.front.toByteArray();
        byte[] joined = ByteBuffer.allocate(front.length + notUtf8.length).put(front).put(notUtf8).array();
        assembly.frontBytes = joined;
        assertThat(new String(notUtf8, StandardCharsets.UTF_8)).contains("\uFFFD");
        assertRefused(assembly.build(), ErrorCode.MALFORMED_MESSAGE);
    }
}
