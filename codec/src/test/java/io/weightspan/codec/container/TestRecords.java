package io.weightspan.codec.container;

import com.google.protobuf.ByteString;
import io.weightspan.codec.safetensors.SafetensorsHeader;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Layout;
import io.weightspan.format.v1.TensorEntry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Small original files and valid containers of them, in memory. */
final class TestRecords {
    private TestRecords() {}

    /** A safetensors file: the header's text, then the data. */
    static byte[] safetensors(String json, byte[] data) {
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length)
                .put(text).put(data).array();
    }

    static MemorySegment schema(String json) {
        return MemorySegment.ofArray(safetensors(json, new byte[0]));
    }

    static byte[] data(int length) {
        byte[] data = new byte[length];
        for (int i = 0; i < length; i++) {
            data[i] = (byte) (i * 37 + 11);
        }
        return data;
    }

    static Front.Builder front(Layout layout, byte[] file) {
        return Front.newBuilder().setLayout(layout).setFileLength(file.length)
                .setFileSha256(Digest.sha256(MemorySegment.ofArray(file)).byteString());
    }

    /** An entry with the residual {@code bytes}. */
    static TensorEntry bytesEntry() {
        return TensorEntry.newBuilder().setResidual(ResidualKind.BYTES.id()).build();
    }

    static ByteString digest(int fill) {
        byte[] bytes = new byte[Digest.LENGTH];
        Arrays.fill(bytes, (byte) fill);
        return ByteString.copyFrom(bytes);
    }

    /** A record of a safetensors file whose tensors are all stored as bytes of mode 0. */
    static byte[] record(String json, byte[] data) throws IOException {
        byte[] file = safetensors(json, data);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ContainerWriter writer = ContainerWriter.create(Channels.newChannel(out),
                front(Layout.LAYOUT_SAFETENSORS, file).build(), schema(json))) {
            List<TensorInfo> tensors = SafetensorsHeader.parse(schema(json),
                    data.length).tensors();
            for (TensorInfo info : tensors) {
                writeBytes(writer, Arrays.copyOfRange(data, (int) info.begin(), (int) info.end()));
            }
            writer.finish(List.of());
        }
        return out.toByteArray();
    }

    /** A record of an opaque file, stored as bytes of mode 0. */
    static byte[] opaque(byte[] file) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ContainerWriter writer = ContainerWriter.create(Channels.newChannel(out),
                front(Layout.LAYOUT_OPAQUE, file).build(), MemorySegment.ofArray(new byte[0]))) {
            writeBytes(writer, file);
            writer.finish(List.of());
        }
        return out.toByteArray();
    }

    private static void writeBytes(ContainerWriter writer, byte[] tensor) throws IOException {
        for (int at = 0; at < tensor.length; at += ResidualKind.BYTES_PER_BLOCK) {
            int length = Math.min(ResidualKind.BYTES_PER_BLOCK, tensor.length - at);
            byte[] block = new byte[1 + length];
            System.arraycopy(tensor, at, block, 1, length);
            writer.coding().appendBlock(MemorySegment.ofArray(block));
        }
        writer.coding().endTensor(bytesEntry(), Optional.of(Digest.sha256(MemorySegment.ofArray(tensor))));
    }

    static Container open(byte[] bytes, Verification level) throws IOException {
        return Container.open(ByteSource.of("test", MemorySegment.ofArray(bytes)), level);
    }
}
