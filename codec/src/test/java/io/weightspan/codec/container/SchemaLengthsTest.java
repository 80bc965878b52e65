package io.weightspan.codec.container;

import static io.weightspan.codec.container.Refusals.assertAccepted;
import static io.weightspan.codec.container.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.format.v1.Chunk;
import io.weightspan.format.v1.ChunkCoding;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The chunk coding ZSTD_LENGTHS: R-SCH-011, R-SCH-012, R-MSG-009 and R-MSG-010. */
class SchemaLengthsTest {
    private static final String KEY = "\"data_offsets\":";
    private static final String JSON = "{" + member("a", 3, "[0,3]") + "," + member("b", 12, "[3,15]") + "}";
    private static final String TEXT = "{" + member("a", 3, "[3]") + "," + member("b", 12, "[12]") + "}";

    private static String member(String name, int length, String offsets) {
        return "\"" + name + "\":{\"dtype\":\"U8\",\"shape\":[" + length + "]," + KEY + offsets + "}";
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] schema(String json) {
        return TestRecords.safetensors(json, new byte[0]);
    }

    private static void assertExpands(String text, String json) throws MalformedFrameException {
        assertThat(SchemaLengths.expand(bytes(text), schema(json).length)).isEqualTo(schema(json));
    }

    private static void assertExpandsToNothing(String text, int length) {
        assertThatThrownBy(() -> SchemaLengths.expand(bytes(text), length))
                .isInstanceOf(MalformedFrameException.class);
    }

    @Test
    void rSch011LengthsBecomeOffsets() throws MalformedFrameException {
        assertExpands(TEXT, JSON);
        assertExpands("", "");
        assertExpands("{}", "{}");
        assertExpands(KEY + "[0]" + KEY + "[7]" + KEY + "[0]", KEY + "[0,0]" + KEY + "[0,7]" + KEY + "[7,7]");
        assertExpands(KEY + "[999999999999999]" + KEY + "[1]",
                KEY + "[0,999999999999999]" + KEY + "[999999999999999,1000000000000000]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "[04]", "[00]", "[-4]", "[+4]", "[ 4]", "[4 ]", "[4.0]", "[4,]", "[1000000000000000]",
        "[4", "[", "[999999999999999", "[\u0664]", "[4,8]", "[0,4]", "[4,8,9]", " [4]", "[[4]"})
    void rSch011OtherTextIsCopied(String other) throws MalformedFrameException {
        assertExpands(KEY + "[2]" + KEY + other + " " + KEY + "[3]", KEY + "[0,2]" + KEY + other + " " + KEY + "[2,5]");
        assertExpands("{" + KEY + other, "{" + KEY + other);
    }

    @Test
    void rSch011PairsDoNotCount() throws MalformedFrameException {
        assertExpands(KEY + "[70,90]" + KEY + "[3]" + KEY + "[5,6]" + KEY + "[4]",
                KEY + "[70,90]" + KEY + "[0,3]" + KEY + "[5,6]" + KEY + "[3,7]");
    }

    @Test
    void rSch012AnotherLengthIsRefused() {
        int right = schema(JSON).length;
        for (int length : new int[] {0, 7, 8, right - 1, right + 1, 100_000_008, Integer.MAX_VALUE}) {
            assertExpandsToNothing(TEXT, length);
        }
        assertExpandsToNothing("", 7);
        assertExpandsToNothing("", 9);
    }

    @Test
    void rSch012ATotalAboveTheLimitIsRefused() throws MalformedFrameException {
        String most = KEY + "[999999999999999]";
        long rest = (1L << 62) - 4611 * 999_999_999_999_999L;
        for (long last : new long[] {rest, rest + 1}) {
            StringBuilder json = new StringBuilder();
            for (long i = 0; i < 4611; i++) {
                json.append(KEY).append('[').append(i * 999_999_999_999_999L).append(',')
                        .append((i + 1) * 999_999_999_999_999L).append(']');
            }
            json.append(KEY).append('[').append(4611 * 999_999_999_999_999L).append(',')
                    .append((1L << 62) - rest + last)
                    .append(']');
            String text = most.repeat(4611) + KEY + "[" + last + "]";
            if (last == rest) {
                assertExpands(text, json.toString());
            } else {
                assertExpandsToNothing(text, schema(json.toString()).length);
            }
        }
        assertExpandsToNothing(most.repeat(18_447), 1_000_000);
    }

    private static String shortened(String json) {
        return new String(SchemaLengths.shorten(schema(json)).orElseThrow(), StandardCharsets.UTF_8);
    }

    @Test
    void theWriterShortensWhatStandsInOrder() {
        assertThat(shortened(JSON)).isEqualTo(TEXT);
        assertThat(shortened("{}")).isEqualTo("{}");
        assertThat(shortened("")).isEmpty();
        assertThat(shortened(KEY + "[3,7]" + KEY + "[0,3]" + KEY + "[3,7]"))
                .isEqualTo(KEY + "[3,7]" + KEY + "[3]" + KEY + "[4]");
        assertThat(shortened(KEY + "[0,1000000000000000]" + KEY + "[0,999999999999999]"))
                .isEqualTo(KEY + "[0,1000000000000000]" + KEY + "[999999999999999]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[0, 4]", "[ 0,4]", "[0,4 ]", "[00,4]", "[0,04]", "[1,4]", "[0,-4]", "[0,4", "[0,4,5]", "[0,]",
                "[0,18446744073709551616]", "[0,9999999999999999999999]", "[0,4.0]", " [0,4]", "[0", "["})
    void theWriterLeavesOtherTextAlone(String other) {
        assertThat(shortened(KEY + other)).isEqualTo(KEY + other);
    }

    @Test
    void theWriterHasNoTextForWhatWouldNotComeBack() {
        assertThat(SchemaLengths.shorten(schema(KEY + "[4]"))).isEmpty();
        assertThat(SchemaLengths.shorten(schema(KEY + "[0,4]" + KEY + "[0]"))).isEmpty();
        assertThat(SchemaLengths.shorten(new byte[7])).isEmpty();
        byte[] otherLength = schema(JSON);
        otherLength[0]++;
        assertThat(SchemaLengths.shorten(otherLength)).isEmpty();
    }

    /** The coding that the writer chooses, after the schema was read back. */
    private static ChunkCoding written(String json, int data) throws IOException {
        byte[] record = TestRecords.record(json, TestRecords.data(data));
        assertAccepted(record);
        try (Container container = TestRecords.open(record, Verification.FULL)) {
            assertThat(container.schema().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(schema(json));
            return container.front().getSchema().getCoding();
        }
    }

    @Test
    void theWriterTakesTheSmallestCoding() throws IOException {
        assertThat(written(JSON, 15)).isEqualTo(ChunkCoding.CHUNK_CODING_ZSTD_LENGTHS);
        assertThat(written("{}", 0)).isEqualTo(ChunkCoding.CHUNK_CODING_RAW);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{%s,%s}|b|[3,15]|12|a|[0,3]|3",
        "{%s,%s}   |a|[ 0,3]|3|b|[3 , 15]|12",
        "{%s,%s}|a\\\"data_offsets\\\":[3]|[0,3]|3|\u00E4|[3,15]|12",
        "{\"__metadata__\":{\"a\":\"\\\"data_offsets\\\":[0,3]\"},%s,%s}|a|[0,0]|0|b|[0,15]|15",
        "{%s,%s}|data_offsets|[15,15]|0|b|[0,15]|15"})
    void oddHeadersComeBack(String json, String first, String firstOffsets, int firstLength, String second,
            String secondOffsets, int secondLength) throws IOException {
        written(json.formatted(member(first, firstLength, firstOffsets), member(second, secondLength, secondOffsets)),
                15);
    }

    private static Assembly assembly(byte[] frame, int length) {
        try {
            Assembly assembly = Assembly.of(TestRecords.record(JSON, TestRecords.data(15)));
            assembly.schemaStored = frame;
            Chunk chunk = Assembly.raw(frame).toBuilder().setCoding(ChunkCoding.CHUNK_CODING_ZSTD_LENGTHS)
                    .setDecodedLength(length).build();
            return assembly.front(front -> front.setSchema(chunk));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void rMsg010AFrameOfLengthsIsRead() {
        byte[] frame = ZstdFrames.encode(bytes(TEXT), 3);
        int length = schema(JSON).length;
        assertAccepted(assembly(frame, length).build());
        for (int other : new int[] {0, 8, TEXT.length() - 1, length - 1, length + 1, 100_000_008}) {
            ContainerException thrown = assertRefused(assembly(frame, other).build(), ErrorCode.MALFORMED_CHUNK);
            assertThat(thrown.offset()).isPresent();
        }
        assertRefused(assembly(frame, 100_000_009).build(), ErrorCode.LIMIT_EXCEEDED);
        for (byte[] bad : new byte[][] {new byte[0], bytes(TEXT), Arrays.copyOf(frame, frame.length - 1),
            Arrays.copyOf(frame, frame.length + 1), ZstdFrames.encode(schema(JSON), 3)}) {
            assertRefused(assembly(bad, length).build(), ErrorCode.MALFORMED_CHUNK);
        }
    }

    @Test
    void rMsg010TheContentHasABound() throws MalformedFrameException {
        MemorySegment frame = MemorySegment.ofArray(ZstdFrames.encode(new byte[3000], 3));
        assertThat(ZstdFrames.decodeAtMost(frame, 3000)).hasSize(3000);
        assertThat(ZstdFrames.decodeAtMost(frame, Integer.MAX_VALUE)).hasSize(3000);
        for (int most : new int[] {0, 2999}) {
            assertThatThrownBy(() -> ZstdFrames.decodeAtMost(frame, most)).isInstanceOf(MalformedFrameException.class)
                    .hasMessageContaining("more than");
        }
        byte[] huge = {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, (byte) 0xE0, -1, -1, -1, -1, -1, -1, -1, -1, 1, 0, 0};
        assertThatThrownBy(() -> ZstdFrames.decodeAtMost(MemorySegment.ofArray(huge), Integer.MAX_VALUE))
                .isInstanceOf(MalformedFrameException.class).hasMessageContaining("18446744073709551615");
        byte[] unsaid = {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0x00, 0x00, 1, 0, 0};
        assertThatThrownBy(() -> ZstdFrames.decodeAtMost(MemorySegment.ofArray(unsaid), 9))
                .isInstanceOf(MalformedFrameException.class).hasMessageContaining("content size");
    }
}
