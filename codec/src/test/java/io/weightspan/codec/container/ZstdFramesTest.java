package io.weightspan.codec.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdCompressCtx;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** R-MSG-007: which zstd frames are chunks and blocks, and which are refused. */
class ZstdFramesTest {
    private static final byte[] CONTENT = "abcabcabcabcabcabcabcabcabcabcabcabc".getBytes(
            StandardCharsets.US_ASCII);

    private static byte[] decode(byte[] frame, int length) throws MalformedFrameException {
        return ZstdFrames.decode(MemorySegment.ofArray(frame), length);
    }

    private static void assertRefused(byte[] frame, int length) {
        assertThatThrownBy(() -> decode(frame, length)).isInstanceOf(MalformedFrameException.class);
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    @Property(tries = 200)
    void whatIsEncodedIsDecoded(@ForAll @Size(max = 5000) byte[] content,
            @ForAll @IntRange(min = 1, max = 19) int level)
            throws MalformedFrameException {
        byte[] frame = ZstdFrames.encode(content, level);
        assertThat(decode(frame, content.length)).isEqualTo(content);
        byte[] dst = new byte[content.length + 7];
        ZstdFrames.decode(MemorySegment.ofArray(frame), dst, 3, content.length);
        assertThat(Arrays.copyOfRange(dst, 3, 3 + content.length)).isEqualTo(content);
    }

    @Test
    void aFrameCutOrGoingOnIsRefused() throws MalformedFrameException {
        byte[] frame = ZstdFrames.encode(CONTENT, 3);
        assertThat(decode(frame, CONTENT.length)).isEqualTo(CONTENT);
        for (int length = 0; length < frame.length; length++) {
            assertRefused(Arrays.copyOf(frame, length), CONTENT.length);
        }
        assertRefused(Arrays.copyOf(frame, frame.length + 1), CONTENT.length);
    }

    @Test
    void twoFramesAndSkippableOnesAreRefused() {
        byte[] half = ZstdFrames.encode(Arrays.copyOf(CONTENT, 18), 3);
        ByteArrayOutputStream two = new ByteArrayOutputStream();
        two.writeBytes(half);
        two.writeBytes(half);
        assertRefused(two.toByteArray(), 36);
        assertRefused(bytes("502a4d18 00000000"), 0);
        ByteArrayOutputStream skippable = new ByteArrayOutputStream();
        skippable.writeBytes(bytes("502a4d18 00000000"));
        skippable.writeBytes(half);
        assertRefused(skippable.toByteArray(), 18);
    }

    @Test
    void anotherContentSizeIsRefused() {
        byte[] frame = ZstdFrames.encode(CONTENT, 3);
        assertRefused(frame, CONTENT.length - 1);
        assertRefused(frame, CONTENT.length + 1);
        assertRefused(frame, 0);
    }

    @Test
    void aFrameWithoutContentSizeIsRefused() {
        try (ZstdCompressCtx context = new ZstdCompressCtx()) {
            assertRefused(context.setContentSize(false).compress(CONTENT), CONTENT.length);
        }
    }

    @Test
    void aFrameWithAChecksumIsReadAndADamagedOneRefused() throws MalformedFrameException {
        try (ZstdCompressCtx context = new ZstdCompressCtx()) {
            byte[] frame = context.setChecksum(true).compress(CONTENT);
            assertThat(decode(frame, CONTENT.length)).isEqualTo(CONTENT);
            frame[frame.length - 1] ^= 1;
            assertRefused(frame, CONTENT.length);
        }
    }

    /** Frames of one raw block of the byte 61, written by hand. */
    @ParameterizedTest
    @CsvSource({"28b52ffd 20 01 090000 61, true, single segment", "28b52ffd 28 01 090000 61, false, reserved bit",
        "28b52ffd 21 00 01 090000 61, true, dictionary id of none", "28b52ffd 21 07 01 090000 61, false, dictionary",
        "28b52ffd 23 00000000 01 090000 61, true, long dictionary id of none",
        "28b52ffd 23 00000001 01 090000 61, false, long dictionary id",
        "28b52ffd 20 01 0b0000 61, true, RLE", "28b52ffd 20 01 0f0000 61, false, reserved type",
        "28b52ffd 20 01 080000 61, false, no last block", "28b52ffd 00 58 090000 61, false, no content size",
        "28b52ffd 80 68 01000000 090000 61, true, window of 8 MiB",
        "28b52ffd 80 69 01000000 090000 61, false, window of 9 MiB",
        "28b52ffd c0 00 0100000000000000 090000 61, true, long content size",
        "28b52ffd c0 00 0100000000000080 090000 61, false, huge content size",
        "28b52ffd 20 01 110000 6162, false, more content than said", "28b52ffd 20 01 010000, false, less content",
        "28b52ffd 24 01 090000 61, false, checksum missing", "28b52ffe 20 01 090000 61, false, magic"})
    void theHeaderIsChecked(String hex, boolean accepted, String why) throws MalformedFrameException {
        if (accepted) {
            assertThat(decode(bytes(hex), 1)).as(why).isEqualTo(new byte[] {0x61});
        } else {
            assertRefused(bytes(hex), 1);
        }
    }

    @Test
    void aFrameMuchLongerThanItsContentIsRefused() {
        byte[] frame = new byte[9 + 3 * 400];
        System.arraycopy(bytes("28b52ffd 20 00"), 0, frame, 0, 6);
        frame[frame.length - 3] = 1;
        assertRefused(frame, 0);
    }

    @Test
    void manyEmptyBlocksWithinBoundsAreRead() throws MalformedFrameException {
        byte[] frame = new byte[6 + 3 * 300];
        System.arraycopy(bytes("28b52ffd 20 00"), 0, frame, 0, 6);
        frame[frame.length - 3] = 1;
        assertThat(decode(frame, 0)).isEmpty();
    }
}
