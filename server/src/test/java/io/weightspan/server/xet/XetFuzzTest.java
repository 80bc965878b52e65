package io.weightspan.server.xet;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.weightspan.codec.container.ByteSource;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/** Any bytes are a xorb or a shard, or refused as none. */
class XetFuzzTest {

    private static final byte[] SHARD_HEADER = HexFormat.of().parseHex(
            "48465265706f4d6574614461746100556967456a7b815783a5bdd95ccdd14aa902000000000000000000000000000000");

    @FuzzTest
    void anyBytesAreAXorbOrNone(byte[] bytes) throws IOException {
        try (Xorb xorb = Xorb.open(ByteSource.of("xorb", MemorySegment.ofArray(bytes)))) {
            for (int i = 0; i < xorb.chunks(); i++) {
                assertThat(xorb.read(i)).hasSize(xorb.size(i));
            }
        } catch (XetFormatException e) {
            assertThat(e).hasMessageContaining("chunk");
        }
    }

    @FuzzTest
    void anyBytesAreAShardOrNone(byte[] bytes) throws IOException {
        byte[] whole = new byte[SHARD_HEADER.length + bytes.length];
        System.arraycopy(SHARD_HEADER, 0, whole, 0, SHARD_HEADER.length);
        System.arraycopy(bytes, 0, whole, SHARD_HEADER.length, bytes.length);
        try {
            Shard shard = Shard.of(ByteSource.of("shard", MemorySegment.ofArray(whole)));
            for (Shard.Content file : shard.files()) {
                long size = 0;
                for (int i = 0; i < file.terms(); i++) {
                    Shard.Term term = shard.term(file, i);
                    assertThat(term.begin()).isBetween(0, term.end() - 1);
                    size += term.size();
                }
                assertThat(file.size()).isEqualTo(size);
            }
        } catch (XetFormatException e) {
            assertThat(e).hasMessageContaining("shard");
        }
    }
}
