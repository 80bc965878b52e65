package io.weightspan.server.content;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Pieces of a body end where blocks end. */
class DecodedContentTest {

    private static final int BLOCK = 65_536 * 2;

    /** A schema of 100 bytes, an empty tensor, one of 2.5 blocks, and one of 10 bytes. */
    private final DecodedContent content = new DecodedContent(
            new File(
                    100,
                    List.of(
                            tensor("a", 0, 0), tensor("b", 0, BLOCK * 5L / 2),
                            tensor("c", BLOCK * 5L / 2, BLOCK * 5L / 2 + 10))),
            () -> {},
            new DecodeTimes());

    @Test
    void endsPiecesAtBlocks() {
        assertThat(content.pieceEnd(0, 50)).isEqualTo(50);
        assertThat(content.pieceEnd(0, 200)).isEqualTo(100);
        assertThat(content.pieceEnd(100, 100 + BLOCK)).isEqualTo(100 + BLOCK);
        assertThat(content.pieceEnd(100, 100 + BLOCK + 1)).isEqualTo(100 + BLOCK);
        assertThat(content.pieceEnd(100, 100 + 2 * BLOCK - 1)).isEqualTo(100 + BLOCK);
        assertThat(content.pieceEnd(100 + 2 * BLOCK, content.length() - 1)).isEqualTo(100 + BLOCK * 5L / 2);
    }

    @Test
    void endsAPieceWithinABlockWhereTheLimitIsSmaller() {
        assertThat(content.pieceEnd(100, 101)).isEqualTo(101);
        assertThat(content.pieceEnd(100 + BLOCK, 100 + BLOCK + 7)).isEqualTo(100 + BLOCK + 7);
        assertThat(content.pieceEnd(100 + BLOCK + 7, 100 + 2 * BLOCK - 7)).isEqualTo(100 + 2 * BLOCK - 7);
    }

    @Test
    void alwaysGoesOnAndNeverPastTheLimit() {
        long length = content.length();
        for (long limit : new long[] {1, 99, 100, 101, BLOCK, BLOCK + 99, BLOCK + 100, BLOCK * 2L + 101, length - 9,
            length}) {
            for (long offset = 0; offset < limit; offset += Math.max(1, limit / 57)) {
                assertThat(content.pieceEnd(offset, limit)).isBetween(offset + 1, limit);
            }
        }
    }

    private static TensorInfo tensor(String name, long begin, long end) {
        return new TensorInfo(name, DType.BF16, List.of((end - begin) / 2), begin, end);
    }

    private record File(long schemaLength, List<TensorInfo> tensors) implements DecodedFile {

        @Override
        public long length() {
            return schemaLength + tensors.getLast().end();
        }

        @Override
        public void read(long offset, MemorySegment target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }
}
