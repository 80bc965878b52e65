package io.weightspan.codec.safetensors;

import io.weightspan.codec.tensor.TensorInfo;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes the header of a safetensors file. Stateless. */
public final class SchemaWriter {
    private SchemaWriter() {}

    /**
     * The first bytes of a file: the length of the JSON and the JSON, padded with spaces to a multiple of 8 bytes.
     *
     * @param tensors in data order, each beginning where the one before it ends
     * @param metadata the file's {@code __metadata__}, left out if empty
     * @return the header
     */
    public static byte[] schema(List<TensorInfo> tensors, Map<String, String> metadata) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectPropertyStart("__metadata__");
                metadata.forEach(json::writeStringProperty);
                json.writeEndObject();
            }
            for (TensorInfo tensor : tensors) {
                json.writeObjectPropertyStart(tensor.name());
                json.writeStringProperty("dtype", tensor.dtype().name());
                json.writeArrayPropertyStart("shape");
                tensor.shape().forEach(json::writeNumber);
                json.writeEndArray();
                json.writeArrayPropertyStart("data_offsets");
                json.writeNumber(tensor.begin());
                json.writeNumber(tensor.end());
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        int padded = Math.ceilDiv(bytes.length, Long.BYTES) * Long.BYTES;
        ByteBuffer schema = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
        schema.putLong(padded).put(bytes);
        while (schema.hasRemaining()) {
            schema.put((byte) ' ');
        }
        return schema.array();
    }
}
