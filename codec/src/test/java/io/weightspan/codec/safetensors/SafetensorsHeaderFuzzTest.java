package io.weightspan.codec.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.tensor.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Any JSON is a header or refused with a {@link ContainerException}; an accepted one covers its data. */
class SafetensorsHeaderFuzzTest {
    private static final int DATA = 8;

    @FuzzTest(maxDuration = "2m")
    void anyBytesAreParsedOrRefused(byte[] json) {
        MemorySegment schema = MemorySegment.ofArray(ByteBuffer.allocate(8 + json.length)
                .order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).array());
        try {
            long covered = 0;
            for (TensorInfo tensor : SafetensorsHeader.parse(schema, DATA).tensors()) {
                assertThat(tensor.begin()).isEqualTo(covered);
                assertThat(Math.multiplyExact(tensor.elementCount(), tensor.dtype().bits()))
                        .isEqualTo(tensor.byteLength() * 8);
                covered = tensor.end();
            }
            assertThat(covered).isEqualTo(DATA);
        } catch (ContainerException e) {
            assertThat(e.detail()).isNotEmpty();
        }
    }
}
