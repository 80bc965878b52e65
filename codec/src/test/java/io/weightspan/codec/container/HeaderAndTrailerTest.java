package io.weightspan.codec.container;

import static io.weightspan.codec.container.Refusals.assertAccepted;
import static io.weightspan.codec.container.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sections 4 and 5 of the format, requirement by requirement. */
class HeaderAndTrailerTest {
    private static final String JSON = "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}";

    private byte[] container = new byte[0];
    private int trailer;

    @BeforeEach
    void buildContainer() throws IOException {
        container = Assembly.of(TestRecords.record(JSON, TestRecords.data(3))).build();
        trailer = container.length - TrailerLayout.LENGTH;
        assertAccepted(container);
    }

    private byte[] flip(int offset) {
        container[offset] ^= 1;
        return container;
    }

    private ByteBuffer header() {
        return ByteBuffer.wrap(container).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void headerBytesAreExact() {
        byte[] bytes = new byte[64];
        HeaderLayout.write(new HeaderLayout.Header(0x11121314, 0, 0x3132333435363738L, 0x4142434445464748L,
                0x5152535455565758L, 0x61626364), MemorySegment.ofArray(bytes));
        assertThat(HexFormat.of().formatHex(bytes, 0, 60)).isEqualTo("8f5753500d0a1a0a" + "0100" + "0100" + "14131211"
                + "0000000000000000" + "3837363534333231" + "4847464544434241" + "5857565554535251" + "64636261"
                + "0000000000000000");
        assertThat(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(60))
                .isEqualTo(Checksums.crc32c(MemorySegment.ofArray(bytes).asSlice(0, 60)));
    }

    @Test
    void trailerBytesAreExact() {
        byte[] bytes = new byte[40];
        TrailerLayout.write(new TrailerLayout.Trailer(0x1112131415161718L, 0x2122232425262728L, 0x31323334, 0x41424344,
                0x51525354), MemorySegment.ofArray(bytes));
        assertThat(HexFormat.of().formatHex(bytes, 0, 28))
                .isEqualTo("1817161514131211" + "2827262524232221" + "34333231" + "44434241" + "54535251");
        assertThat(HexFormat.of().formatHex(bytes, 32, 40)).isEqualTo("0a1a0a0d5053578f");
    }

    @Test
    void crc32cIsTheOneOfRfc3720() {
        assertThat(Checksums.crc32c(MemorySegment.ofArray(new byte[32]))).isEqualTo(0x8A9136AA);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
    void rHdr001AnotherMagicIsRefused(int offset) {
        assertRefused(flip(offset), ErrorCode.BAD_MAGIC);
    }

    @Test
    void rHdr002AnotherMajorVersionIsRefusedBeforeItsChecksum() {
        header().putShort(8, (short) 2);
        assertRefused(container, ErrorCode.UNSUPPORTED_VERSION);
        assertRefused(Assembly.fixHeader(container), ErrorCode.UNSUPPORTED_VERSION);
    }

    @Test
    void rHdr003ADamagedHeaderIsRefused() {
        for (int offset = 10; offset < 64; offset++) {
            assertRefused(flip(offset), ErrorCode.HEADER_CHECKSUM);
            flip(offset);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3, 0xFFFF})
    void rHdr004AnotherKindIsRefused(int kind) {
        header().putShort(10, (short) kind);
        assertRefused(Assembly.fixHeader(container), ErrorCode.UNSUPPORTED_KIND);
    }

    @Test
    void rHdr005EveryUnknownFeatureThatReadingNeedsIsRefused() {
        // Bit 0 tells of a layer (R-LYR-001).
        for (int bit = 1; bit < 64; bit++) {
            header().putLong(16, 1L << bit);
            assertRefused(Assembly.fixHeader(container), ErrorCode.UNSUPPORTED_FEATURE);
        }
    }

    @Test
    void rHdr006AnUnknownFeatureThatWritingNeedsStopsOnlyWriters() throws IOException {
        header().putLong(24, 1L << 17);
        assertAccepted(Assembly.fixHeader(container));
        try (Container opened = TestRecords.open(container, Verification.FULL)) {
            assertThatThrownBy(() -> opened.header().requireChangeable()).isInstanceOf(ContainerException.class)
                    .hasMessageContaining("UNSUPPORTED_FEATURE");
        }
        header().putLong(24, 0);
        try (Container opened = TestRecords.open(Assembly.fixHeader(container), Verification.FULL)) {
            opened.header().requireChangeable();
        }
    }

    @Test
    void rHdr007IgnorableFeaturesAreIgnored() {
        header().putLong(32, -1L);
        assertAccepted(Assembly.fixHeader(container));
    }

    @Test
    void rHdr008ReservedBytesOfTheHeaderAreZero() {
        for (int offset = 52; offset < 60; offset++) {
            flip(offset);
            assertRefused(Assembly.fixHeader(container), ErrorCode.RESERVED_NOT_ZERO);
            flip(offset);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1, -8, 8, Long.MIN_VALUE, Long.MAX_VALUE - 1000, -1000})
    void rHdr009FirstPartLengthIsTheEndOfFirst(long delta) {
        header().putLong(40, header().getLong(40) + delta);
        assertRefused(Assembly.fixHeader(container), ErrorCode.BAD_LAYOUT);
    }

    @Test
    void rHdr010ADamagedFrontIsRefused() {
        for (int offset = 64; offset < 64 + header().getInt(12); offset++) {
            assertRefused(flip(offset), ErrorCode.FRONT_CHECKSUM);
            flip(offset);
        }
    }

    @Test
    void rTrl001AnotherEndOrLengthIsTruncated() {
        for (int offset = trailer + 32; offset < container.length; offset++) {
            assertRefused(flip(offset), ErrorCode.TRUNCATED);
            flip(offset);
        }
        for (int offset = trailer + 8; offset < trailer + 16; offset++) {
            flip(offset);
            assertRefused(Assembly.fixTrailer(container), ErrorCode.TRUNCATED);
            flip(offset);
        }
    }

    @Test
    void rTrl001BytesAfterTheEndAreRefused() {
        byte[] longer = Arrays.copyOf(container, container.length + 1);
        assertRefused(longer, ErrorCode.TRUNCATED);
    }

    @Test
    void rTrl002ADamagedTrailerIsRefused() {
        for (int offset = trailer + 16; offset < trailer + 32; offset++) {
            assertRefused(flip(offset), ErrorCode.TRAILER_CHECKSUM);
            flip(offset);
        }
    }

    @Test
    void rTrl003AnIndexThatIsNoFrameOfTheStatedLengthIsRefused() {
        header().putInt(trailer + 24, 1 << 20);
        assertRefused(Assembly.fixTrailer(container), ErrorCode.MALFORMED_MESSAGE);
    }

    @Test
    void rLim002TheDecodedIndexHasALimit() {
        header().putInt(trailer + 24, (1 << 28) + 1);
        assertRefused(Assembly.fixTrailer(container), ErrorCode.LIMIT_EXCEEDED);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1, -8, 8, 1 << 20, Long.MIN_VALUE, -100_000})
    void rTrl004AnIndexElsewhereIsRefused(long delta) {
        header().putLong(trailer, header().getLong(trailer) + delta);
        assertRefused(Assembly.fixTrailer(container), ErrorCode.BAD_LAYOUT);
    }

    @Test
    void rTrl005ADamagedIndexIsRefused() {
        int index = (int) header().getLong(trailer);
        for (int offset = index; offset < index + header().getInt(trailer + 16); offset++) {
            assertRefused(flip(offset), ErrorCode.INDEX_CHECKSUM);
            flip(offset);
        }
    }

    @Test
    void rLay002PaddingIsZeroForAStrictValidator() throws IOException {
        Assembly assembly = Assembly.of(container);
        assembly.padding = 1;
        byte[] padded = assembly.build();
        assertThat(padded).isNotEqualTo(container);
        assertRefused(padded, Verification.FULL, ErrorCode.NONZERO_PADDING);
        TestRecords.open(padded, Verification.STRUCTURE).close();
        TestRecords.open(padded, Verification.CHUNKS).close();
    }

    @Test
    void rLay005AContainerCutAnywhereIsRefused() {
        for (int length = 0; length < container.length; length++) {
            assertRefused(Arrays.copyOf(container, length), ErrorCode.TRUNCATED);
        }
    }

    @Test
    void aFileOfAnotherFormatIsNoContainer() {
        assertRefused(new byte[4096], ErrorCode.BAD_MAGIC);
    }

    @ParameterizedTest
    @ValueSource(ints = {1 << 20, (1 << 20) + 1, -1})
    void rLim001TheFrontHasALimit(int length) {
        header().putInt(12, length);
        assertRefused(Assembly.fixHeader(container),
                length == 1 << 20 ? ErrorCode.BAD_LAYOUT : ErrorCode.LIMIT_EXCEEDED);
    }

    @ParameterizedTest
    @ValueSource(ints = {1 << 28, (1 << 28) + 1, -1})
    void rLim002TheIndexHasALimit(int length) {
        header().putInt(trailer + 16, length);
        assertRefused(Assembly.fixTrailer(container),
                length == 1 << 28 ? ErrorCode.BAD_LAYOUT : ErrorCode.LIMIT_EXCEEDED);
    }
}
