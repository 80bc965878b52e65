package io.weightspan.codec.container;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** The worked example of the format: the smallest container, byte by byte. */
class EmptyExampleTest {
    private static final Path EXAMPLES = Path.of("../format-spec/examples");

    /** The bytes of a hex dump; everything after a number sign is explanation. */
    private static byte[] bytes(Path dump) throws IOException {
        String digits = Files.readAllLines(dump).stream().map(line -> line.replaceAll("#.*|\\s", ""))
                .collect(Collectors.joining());
        return HexFormat.of().parseHex(digits);
    }

    @Test
    void theDumpOpensAndHoldsWhatItSays() throws IOException {
        byte[] bytes = bytes(EXAMPLES.resolve("empty.hex"));
        try (Container container = TestRecords.open(bytes, Verification.FULL)) {
            assertThat(json(bytes, container)).isEqualTo(
                    Files.readString(EXAMPLES.resolve("empty.json")).replaceAll("\\s", ""));
        }
    }

    @Test
    void theWriterWritesTheDump() throws IOException {
        assertThat(HexFormat.of().formatHex(TestRecords.opaque(new byte[0])))
                .isEqualTo(HexFormat.of().formatHex(bytes(EXAMPLES.resolve("empty.hex"))));
    }

    private static String json(byte[] bytes, Container container) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            json.writeNumberProperty("length", bytes.length);
            json.writeStringProperty("object_sha256", Digest.sha256(MemorySegment.ofArray(bytes)).hex());
            json.writeStringProperty("layout", container.front().getLayout().name());
            json.writeNumberProperty("file_length", container.fileLength());
            json.writeStringProperty("file_sha256", container.fileDigest().hex());
            json.writeNumberProperty("first_part_length", container.header().firstPartLength());
            json.writeArrayPropertyStart("tensors");
            for (int i = 0; i < container.tensors().size(); i++) {
                TensorInfo tensor = container.tensors().get(i);
                json.writeStartObject();
                json.writeStringProperty("name", tensor.name());
                json.writeStringProperty("dtype", tensor.dtype().name());
                json.writeArrayPropertyStart("shape");
                for (long dimension : tensor.shape()) {
                    json.writeNumber(dimension);
                }
                json.writeEndArray();
                json.writeNumberProperty("predictor", container.coding().predictor(i).id());
                json.writeNumberProperty("residual", container.coding().residual(i).id());
                json.writeNumberProperty("blocks", container.coding().blockCount(i));
                json.writeStringProperty("sha256", container.coding().digest(i).orElseThrow().hex());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        return text.toString();
    }
}
