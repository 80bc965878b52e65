package io.weightspan.codec.container;

import static io.weightspan.codec.container.Refusals.assertAccepted;
import static io.weightspan.codec.container.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One checksum for all blocks of an index: R-IDX-012, R-IDX-013 and R-LIM-018. */
class OneChecksumTest {
    private static final int[] THREE = {5, 300, 40};

    /** A record of U8 tensors of these lengths, each a block of one byte more. */
    private static byte[] record(int... lengths) throws IOException {
        StringBuilder json = new StringBuilder();
        int end = 0;
        for (int i = 0; i < lengths.length; i++) {
            json.append(i == 0 ? '{' : ',').append("\"t").append(i).append("\":{\"dtype\":\"U8\",\"shape\":[")
                    .append(lengths[i]).append("],\"data_offsets\":[").append(end).append(',').append(end + lengths[i])
                    .append("]}");
            end += lengths[i];
        }
        return TestRecords.record(json.append('}').toString(), TestRecords.data(end));
    }

    private static int checksums(byte[] record) throws IOException {
        try (Container container = TestRecords.open(record, Verification.STRUCTURE)) {
            return container.index().getBlockCrc32CCount();
        }
    }

    @Test
    void theWriterHasOneChecksumForFewBytes() throws IOException {
        assertThat(checksums(record(7))).isEqualTo(1);
        assertThat(checksums(record(THREE))).isEqualTo(1);
        assertThat(checksums(record(32_000, 33_534))).as("65,536 bytes").isEqualTo(1);
        assertThat(checksums(record(32_000, 33_535))).as("65,537 bytes").isEqualTo(2);
        assertThat(checksums(record(100_000))).isEqualTo(1);
        assertThat(checksums(TestRecords.opaque(new byte[0]))).isZero();
    }

    @Test
    void rIdx012AnyOtherCountIsRefused() throws IOException {
        byte[] record = record(THREE);
        for (int count : new int[] {0, 2, 4}) {
            assertRefused(withChecksums(record, new int[count]), ErrorCode.MALFORMED_INDEX);
        }
        byte[] empty = TestRecords.opaque(new byte[0]);
        assertRefused(withChecksums(empty, 0), ErrorCode.MALFORMED_INDEX);
    }

    @Test
    void rIdx012AChecksumForEachBlockIsAccepted() throws IOException {
        byte[] record = record(THREE);
        int[] each;
        try (Container container = TestRecords.open(record, Verification.FULL)) {
            each = IntStream.range(0, THREE.length).map(i -> Checksums.crc32c(block(container, i))).toArray();
        }
        assertReads(withChecksums(record, each));
        each[2]++;
        try (Container container = TestRecords.open(withChecksums(record, each), Verification.FULL)) {
            assertThat(block(container, 1).byteSize()).isEqualTo(THREE[1] + 1);
            assertThatThrownBy(() -> container.coding().block(2, 0)).hasMessageStartingWith("CHUNK_CHECKSUM");
        }
    }

    private static byte[] withChecksums(byte[] record, int... checksums) {
        return Assembly.of(record).index(index -> {
            index.clearBlockCrc32C();
            IntStream.of(checksums).forEach(index::addBlockCrc32C);
            return index;
        }).build();
    }

    private static void assertReads(byte[] record) throws IOException {
        assertAccepted(record);
        byte[] data = TestRecords.data(IntStream.of(THREE).sum());
        try (Container container = TestRecords.open(record, Verification.FULL)) {
            int at = 0;
            for (int i = 0; i < THREE.length; i++) {
                MemorySegment expected = MemorySegment.ofArray(data).asSlice(at, THREE[i]);
                assertThat(block(container, i).asSlice(1).mismatch(expected)).isEqualTo(-1);
                at += THREE[i];
            }
        }
    }

    private static MemorySegment block(Container container, int tensor) {
        try {
            return container.coding().block(tensor, 0);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void rIdx013BlocksAreReadBelowOneChecksum() throws IOException {
        assertReads(record(THREE));
    }

    @ParameterizedTest
    @EnumSource(Verification.class)
    void rIdx013AWrongChecksumIsFoundAtTheFirstBlock(Verification level) throws IOException {
        byte[] damaged = withChecksums(record(THREE), 7);
        for (int first = 0; first < THREE.length; first++) {
            int tensor = first;
            try (Container container = TestRecords.open(damaged, level)) {
                if (level == Verification.STRUCTURE) {
                    assertThat(block(container, tensor).byteSize()).isEqualTo(THREE[tensor] + 1);
                } else {
                    for (int again = 0; again < 2; again++) {
                        assertThatThrownBy(() -> container.coding().block(tensor, 0)).isInstanceOfSatisfying(
                                ContainerException.class, e -> {
                                    assertThat(e.code()).isEqualTo(ErrorCode.CHUNK_CHECKSUM);
                                    assertThat(e.tensor()).as("it is of all").isEmpty();
                                    assertThat(e.offset()).hasValue(container.coding().blockOffset(0, 0));
                                });
                    }
                }
            }
        }
    }

    @Test
    void rIdx013ABlockIsRefusedForDamageToAnother() throws IOException {
        byte[] damaged = record(THREE);
        try (Container container = TestRecords.open(damaged, Verification.STRUCTURE)) {
            damaged[(int) container.coding().blockOffset(2, 1) - 1] ^= 1;
        }
        try (Container container = TestRecords.open(damaged, Verification.CHUNKS)) {
            assertThatThrownBy(() -> container.coding().block(0, 0)).hasMessageStartingWith("CHUNK_CHECKSUM");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void rLim018IsTheLastLengthThatIsAccepted(int more) throws IOException {
        byte[] record = withChecksums(record(40_000, 25_534 + more), 7);
        if (more == 0) {
            assertAccepted(record);
        } else {
            ContainerException thrown = assertRefused(record, ErrorCode.LIMIT_EXCEEDED);
            assertThat(thrown.getMessage()).contains("65537").contains("65536");
        }
    }

    /** Counts how often bytes are read. */
    private record Counted(ByteSource source, AtomicInteger reads) implements ByteSource {
        @Override
        public String name() {
            return source.name();
        }

        @Override
        public long size() {
            return source.size();
        }

        @Override
        public MemorySegment read(long offset, long length) throws IOException {
            reads.incrementAndGet();
            return source.read(offset, length);
        }

        @Override
        public void close() throws IOException {
            source.close();
        }
    }

    @Test
    void theBlocksAreReadAndCheckedOnce() throws IOException {
        AtomicInteger reads = new AtomicInteger();
        ByteSource source = new Counted(ByteSource.of("test", MemorySegment.ofArray(record(THREE))), reads);
        try (Container container = Container.open(source, Verification.CHUNKS)) {
            int before = reads.get();
            for (int tensor = 2; tensor >= 0; tensor--) {
                assertThat(block(container, tensor).byteSize()).isEqualTo(THREE[tensor] + 1);
            }
            assertThat(reads.get() - before).isEqualTo(1);
        }
    }

    @Test
    void threadsReadTheSameBlocks() throws Exception {
        byte[] data = TestRecords.data(IntStream.of(THREE).sum());
        for (int round = 0; round < 50; round++) {
            try (Container container = TestRecords.open(record(THREE), Verification.FULL);
                    ExecutorService threads = Executors.newFixedThreadPool(4)) {
                Callable<Boolean> reading = () -> block(container, 1).asSlice(1)
                        .mismatch(MemorySegment.ofArray(data).asSlice(THREE[0], THREE[1])) == -1;
                for (Future<Boolean> read : threads.invokeAll(List.of(reading, reading, reading, reading))) {
                    assertThat(read.get()).isTrue();
                }
            }
        }
    }
}
