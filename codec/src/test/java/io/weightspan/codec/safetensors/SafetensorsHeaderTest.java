package io.weightspan.codec.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.Limits;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The requirements R-SCH of the format, one by one. */
class SafetensorsHeaderTest {
    private static MemorySegment schema(byte[] json) {
        return MemorySegment.ofArray(ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length).put(json).array());
    }

    private static SafetensorsHeader parse(String json, long dataLength) throws ContainerException {
        return SafetensorsHeader.parse(schema(json.getBytes(StandardCharsets.UTF_8)), dataLength);
    }

    private static ContainerException assertRefused(MemorySegment schema, long dataLength, ErrorCode code) {
        ContainerException thrown = catchThrowableOfType(ContainerException.class,
                () -> SafetensorsHeader.parse(schema, dataLength));
        assertThat(thrown).isNotNull();
        assertThat(thrown.code()).as(thrown.getMessage()).isEqualTo(code);
        return thrown;
    }

    private static ContainerException assertRefused(String json, long dataLength, ErrorCode code) {
        return assertRefused(schema(json.getBytes(StandardCharsets.UTF_8)), dataLength, code);
    }

    private static void assertMalformed(String json) {
        assertRefused(json, 0, ErrorCode.MALFORMED_SCHEMA);
    }

    private static String entry(String dtype, String shape, String offsets) {
        return "{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
    }

    @Test
    void aHeaderIsRead() throws ContainerException {
        SafetensorsHeader header = parse("{ \"w\" : {\"shape\":[2,3], \"data_offsets\":[1,13],\n\"dtype\":\"BF16\"},"
                + "\"__metadata__\":{\"format\":\"pt\",\"\u00e9\":\"\\u00e9\\/\"}, \"\ud83d\ude00\":"
                + entry("\"BOOL\"", "[]", "[0,1]") + "}   ", 13);
        assertThat(header.tensors()).containsExactly(
                new TensorInfo("\ud83d\ude00", DType.BOOL, List.of(), 0, 1),
                new TensorInfo("w", DType.BF16, List.of(2L, 3L), 1, 13));
        assertThat(header.metadata()).containsEntry("format", "pt").containsEntry("\u00e9", "\u00e9/").hasSize(2);
        assertThat(header.indexOf("w")).hasValue(1);
        assertThat(header.indexOf("v")).isEmpty();
    }

    @Test
    void aHeaderWithoutTensorsIsRead() throws ContainerException {
        SafetensorsHeader header = parse("{}", 0);
        assertThat(header.tensors()).isEmpty();
        assertThat(header.metadata()).isEmpty();
        assertThat(header.schemaLength()).isEqualTo(10);
    }

    @Test
    void rSch001TheLengthIsTheOneSaid() {
        assertRefused(MemorySegment.ofArray(new byte[7]), 0, ErrorCode.MALFORMED_SCHEMA);
        assertRefused(MemorySegment.ofArray(new byte[8]), 0, ErrorCode.MALFORMED_SCHEMA);
        byte[] bytes = {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
        assertRefused(MemorySegment.ofArray(bytes), 0, ErrorCode.MALFORMED_SCHEMA);
        bytes[0] = 1;
        assertRefused(MemorySegment.ofArray(bytes), 0, ErrorCode.MALFORMED_SCHEMA);
    }

    @Test
    void rLim003TheHeaderHasALimit() {
        byte[] bytes = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).putLong(Limits.JSON_BYTES + 1).array();
        assertRefused(MemorySegment.ofArray(bytes), 0, ErrorCode.LIMIT_EXCEEDED);
        ByteBuffer.wrap(bytes).putLong(-1);
        assertRefused(MemorySegment.ofArray(bytes), 0, ErrorCode.LIMIT_EXCEEDED);
    }

    @ParameterizedTest
    @ValueSource(strings = {" {}", "[]", "1", "", "{}\n", "{}\t ", "{} {}", "{}}", "{", "{\"a\"}", "{\"a\":}",
        "{,}", "{\"a\":1,}", "{}\u0000", "\ufeff{}", "{'a':1}", "{\"__metadata__\":{\"a\":\"\n\"}}", "{}[]}",
        "{\"__metadata__\":{\"a\":\"\\ud800\"}}", "{\"__metadata__\":{\"\\udc00\":\"\"}}", "{/**/}", "{}//}"})
    void rSch002OtherThanOneJsonObjectIsRefused(String json) {
        assertMalformed(json);
    }

    @Test
    void rSch002BytesThatAreNotUtf8AreRefused() {
        byte[][] wrong = {{(byte) 0xFF}, {(byte) 0xC0, (byte) 0x80}, {(byte) 0xED, (byte) 0xA0, (byte) 0x80},
            {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80}, {(byte) 0xE2, (byte) 0x82}};
        for (byte[] bytes : wrong) {
            byte[] before = "{\"__metadata__\":{\"a\":\"".getBytes(StandardCharsets.UTF_8);
            byte[] after = "\"}}".getBytes(StandardCharsets.UTF_8);
            byte[] json = ByteBuffer.allocate(before.length + bytes.length + after.length).put(before).put(bytes)
                    .put(after).array();
            assertRefused(schema(json), 0, ErrorCode.MALFORMED_SCHEMA);
        }
    }

    @Test
    void rSch003ANameThatOccursTwiceIsRefused() {
        String tensor = entry("\"U8\"", "[0]", "[0,0]");
        ContainerException thrown = assertRefused("{\"a\":" + tensor + ",\"\\u0061\":" + tensor + "}", 0,
                ErrorCode.DUPLICATE_NAME);
        assertThat(thrown.tensor()).contains("a");
        assertRefused("{\"__metadata__\":{},\"__metadata__\":{}}", 0, ErrorCode.DUPLICATE_NAME);
        assertRefused("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, ErrorCode.DUPLICATE_NAME);
        for (String key : new String[] {"\"dtype\":\"U8\"", "\"shape\":[0]", "\"data_offsets\":[0,0]"}) {
            String twice = tensor.substring(0, tensor.length() - 1) + "," + key + "}";
            assertRefused("{\"a\":" + twice + "}", 0, ErrorCode.DUPLICATE_NAME);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"__metadata__\":[]}", "{\"__metadata__\":null}", "{\"__metadata__\":{\"a\":1}}",
        "{\"__metadata__\":{\"a\":null}}", "{\"__metadata__\":{\"a\":{}}}", "{\"a\":1}", "{\"a\":null}",
        "{\"a\":[]}", "{\"a\":{}}", "{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}", "{\"a\":{\"shape\":[0],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"more\":0}}"})
    void rSch004MembersAreWhatTheyMustBe(String json) {
        assertMalformed(json);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"1|[0]|[0,0]", "null|[0]|[0,0]", "\"U8\"|0|[0,0]", "\"U8\"|null|[0,0]",
        "\"U8\"|[-1]|[0,0]", "\"U8\"|[-0]|[0,0]", "\"U8\"|[0.0]|[0,0]", "\"U8\"|[0e0]|[0,0]", "\"U8\"|[\"0\"]|[0,0]",
        "\"U8\"|[null]|[0,0]", "\"U8\"|[[0]]|[0,0]", "\"U8\"|[0]|[0]", "\"U8\"|[0]|[0,0,0]", "\"U8\"|[0]|[]",
        "\"U8\"|[0]|[0,-0]", "\"U8\"|[0]|[0,null]", "\"U8\"|[0]|null", "\"U8\"|[9223372036854775808]|[0,0]",
        "\"U8\"|[0]|[9223372036854775808,9223372036854775808]", "\"U8\"|[01]|[0,1]", "\"U8\"|[+1]|[0,1]"})
    void rSch004ValuesAreWhatTheyMustBe(String dtype, String shape, String offsets) {
        assertMalformed("{\"a\":" + entry(dtype, shape, offsets) + "}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"u8", "F8", "", "F32 ", "__metadata__"})
    void rSch005AnUnknownDtypeIsRefused(String dtype) {
        ContainerException thrown = assertRefused("{\"a\":" + entry("\"" + dtype + "\"", "[0]", "[0,0]") + "}", 0,
                ErrorCode.MALFORMED_SCHEMA);
        assertThat(thrown.tensor()).contains("a");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"F32|[1]|[0,3]", "F32|[1]|[0,5]", "F4|[1]|[0,1]", "F4|[3]|[0,2]",
        "F6_E2M3|[2]|[0,2]", "U8|[1]|[1,0]", "U8|[4294967296,4294967296]|[0,0]",
        "F64|[1152921504606846976]|[0,0]", "U8|[4611686018427387904,4,0]|[0,0]"})
    void rSch006BitsAndBytesAgree(String dtype, String shape, String offsets) {
        assertMalformed("{\"a\":" + entry("\"" + dtype + "\"", shape, offsets) + "}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"F4|[2]|1", "F4|[3,2]|3", "F6_E3M2|[4]|3", "U8|[0,4611686018427387904,4]|0",
        "C64|[]|8", "F8_E8M0|[7]|7"})
    void rSch006OddSizesAreRead(String dtype, String shape, long length) throws ContainerException {
        SafetensorsHeader header = parse("{\"a\":" + entry("\"" + dtype + "\"", shape, "[0," + length + "]") + "}",
                length);
        assertThat(header.tensors().getFirst().byteLength()).isEqualTo(length);
    }

    @ParameterizedTest
    @CsvSource({"1,2,2,3,3", "0,1,2,3,3", "0,2,1,2,2", "0,1,0,1,1", "0,1,1,2,3", "0,1,1,2,1", "0,1,1,2,0",
        "0,1,1,2,-1"})
    void rSch007TheRangesCoverTheData(int begin1, int end1, int begin2, int end2, long dataLength) {
        assertRefused("{\"a\":" + entry("\"U8\"", "[" + (end1 - begin1) + "]", "[" + begin1 + "," + end1 + "]")
                + ",\"b\":" + entry("\"U8\"", "[" + (end2 - begin2) + "]", "[" + begin2 + "," + end2 + "]") + "}",
                dataLength, ErrorCode.MALFORMED_SCHEMA);
    }

    @Test
    void rSch008ANameHasALimit() throws ContainerException {
        String tensor = entry("\"U8\"", "[0]", "[0,0]");
        String longest = "\u20ac".repeat(1365) + "a";
        assertThat(parse("{\"" + longest + "\":" + tensor + "}", 0).tensors().getFirst().name()).isEqualTo(longest);
        assertRefused("{\"" + longest + "a\":" + tensor + "}", 0, ErrorCode.LIMIT_EXCEEDED);
        assertRefused("{\"" + "n".repeat(70_000) + "\":" + tensor + "}", 0, ErrorCode.LIMIT_EXCEEDED);
    }

    @Test
    void namesAndValuesOfMetadataHaveNoLimitOfTheirOwn() throws ContainerException {
        String text = "m".repeat(10_000_000);
        assertThat(parse("{\"__metadata__\":{\"" + text.substring(0, 100_000) + "\":\"" + text + "\"}}", 0).metadata())
                .containsValue(text);
    }

    @Test
    void rLim005ATensorHas32Dimensions() throws ContainerException {
        String ones = "1" + ",1".repeat(31);
        assertThat(parse("{\"a\":" + entry("\"U8\"", "[" + ones + "]", "[0,1]") + "}", 1).tensors().getFirst().shape())
                .hasSize(32);
        assertRefused("{\"a\":" + entry("\"U8\"", "[" + ones + ",1]", "[0,1]") + "}", 1, ErrorCode.LIMIT_EXCEEDED);
    }

    @Test
    void rLim004TheFirstTensorAboveTheLimitIsRefused() {
        assertRefused(emptyTensors(Limits.TENSORS + 1), 0, ErrorCode.LIMIT_EXCEEDED);
    }

    private static MemorySegment emptyTensors(int count) {
        byte[] rest = (":" + entry("\"U8\"", "[0]", "[0,0]") + ",").getBytes(StandardCharsets.UTF_8);
        ByteBuffer json = ByteBuffer.allocate(9 + count * (9 + rest.length)).order(ByteOrder.LITTLE_ENDIAN);
        json.putLong(json.capacity() - 8L).put((byte) '{');
        for (int i = 0; i < count; i++) {
            json.put((byte) '"').put(Integer.toString(1_000_000 + i).getBytes(StandardCharsets.UTF_8)).put((byte) '"')
                    .put(rest);
        }
        return MemorySegment.ofArray(json.put(json.position() - 1, (byte) '}').array());
    }

    @Test
    void rSch009DataOrderIsByBeginThenEndThenPlace() throws ContainerException {
        SafetensorsHeader header = parse("{\"c\":" + entry("\"U8\"", "[1]", "[0,1]") + ",\"z\":"
                + entry("\"U8\"", "[0]", "[1,1]") + ",\"y\":" + entry("\"F32\"", "[0]", "[0,0]") + ",\"x\":"
                + entry("\"U8\"", "[0]", "[1,1]") + "}", 1);
        assertThat(header.tensors()).extracting(TensorInfo::name).containsExactly("y", "c", "z", "x");
    }

    @Test
    void deepNestingIsRefusedWithoutRecursion() {
        assertMalformed("{\"a\":".repeat(100_000) + "}".repeat(100_000));
        assertMalformed("{\"a\":" + "[".repeat(1_000_000) + "}");
    }
}
