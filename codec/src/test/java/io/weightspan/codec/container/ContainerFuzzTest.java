package io.weightspan.codec.container;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Any bytes are a container or refused with a {@link ContainerException}; nothing else escapes. */
class ContainerFuzzTest {
    private static final int SMALLEST = HeaderLayout.LENGTH + TrailerLayout.LENGTH;

    @FuzzTest(maxDuration = "2m")
    void anyBytesAreOpenedOrRefused(byte[] bytes) throws IOException {
        readAll(bytes);
        if (bytes.length >= SMALLEST) {
            readAll(repair(bytes));
        }
    }

    private static void readAll(byte[] bytes) throws IOException {
        try (Container container = TestRecords.open(bytes, Verification.STRUCTURE)) {
            container.coding().tablesChunk();
            container.coding().scalesChunk();
            for (int tensor = 0; tensor < container.tensors().size(); tensor++) {
                for (int block = 0; block < container.coding().blockCount(tensor); block++) {
                    container.coding().block(tensor, block);
                }
            }
        } catch (ContainerException e) {
            assertThat(e.container()).contains("test");
        }
    }

    /** The same bytes with every length and checksum right that a mutation can't be expected to hit. */
    private static byte[] repair(byte[] original) {
        byte[] bytes = original.clone();
        ByteBuffer fields = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int trailer = bytes.length - TrailerLayout.LENGTH;
        fields.putLong(0, 0x0A1A0A0D5053578FL).putShort(8, (short) 1).putShort(10, (short) 1);
        fields.putLong(16, 0).putLong(52, 0).putLong(trailer + 8, bytes.length).putInt(trailer + 24, 0)
                .putLong(trailer + 32, 0x8F5753500D0A1A0AL);
        repairChecksum(bytes, HeaderLayout.LENGTH, fields.getInt(12), 48);
        repairChecksum(bytes, fields.getLong(trailer), fields.getInt(trailer + 16), trailer + 20);
        Assembly.fixHeader(bytes);
        return Assembly.fixTrailer(bytes);
    }

    private static void repairChecksum(byte[] bytes, long offset, int length, int field) {
        if (offset >= 0 && length >= 0 && offset <= bytes.length - (long) length) {
            int crc = Checksums.crc32c(MemorySegment.ofArray(bytes).asSlice(offset, length));
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(field, crc);
        }
    }
}
