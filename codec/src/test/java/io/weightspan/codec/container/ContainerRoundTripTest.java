package io.weightspan.codec.container;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.tensor.DType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class ContainerRoundTripTest {
    private static final String TWO = "{\"b\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[3,11]},"
            + "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}";

    @Test
    void aWrittenContainerIsReadBackAtEveryLevel() throws IOException {
        byte[] data = TestRecords.data(11);
        byte[] bytes = TestRecords.record(TWO, data);
        for (Verification level : Verification.values()) {
            try (Container container = TestRecords.open(bytes, level)) {
                assertThat(container.tensors()).extracting("name").containsExactly("a", "b");
                assertThat(container.tensors().get(1).dtype()).isEqualTo(DType.F16);
                assertThat(container.schema().toArray(ValueLayout.JAVA_BYTE))
                        .isEqualTo(TestRecords.schema(TWO).toArray(ValueLayout.JAVA_BYTE));
                assertThat(container.fileDigest())
                        .isEqualTo(Digest.sha256(MemorySegment.ofArray(TestRecords.safetensors(TWO, data))));
                ByteArrayOutputStream decoded = new ByteArrayOutputStream();
                for (int tensor = 0; tensor < 2; tensor++) {
                    assertThat(container.coding().blockCount(tensor)).isEqualTo(1);
                    decoded.writeBytes(container.coding().block(tensor, 0).asSlice(1).toArray(ValueLayout.JAVA_BYTE));
                }
                assertThat(decoded.toByteArray()).isEqualTo(data);
                assertThat(container.coding().tablesChunk().byteSize()).isZero();
                assertThat(container.coding().scalesChunk().byteSize()).isZero();
            }
        }
    }

    @Test
    void anOpaqueFileIsOneTensorWithoutAName() throws IOException {
        byte[] file = TestRecords.data(ResidualKind.BYTES_PER_BLOCK + 5);
        try (Container container = TestRecords.open(TestRecords.opaque(file), Verification.FULL)) {
            assertThat(container.safetensors()).isEmpty();
            assertThat(container.tensors()).hasSize(1);
            assertThat(container.coding().blockCount(0)).isEqualTo(2);
            assertThat(container.coding().storedLength(0)).isEqualTo(file.length + 2);
            assertThat(container.coding().block(0, 1).byteSize()).isEqualTo(6);
        }
    }
}
