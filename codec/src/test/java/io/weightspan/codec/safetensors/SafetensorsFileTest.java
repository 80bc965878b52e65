package io.weightspan.codec.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFileTest {
    @TempDir
    private Path folder = Path.of("");

    private static byte[] file(String json, byte[] data) {
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length)
                .put(text).put(data).array();
    }

    private static String bytesTensor(String name, long begin, long end) {
        return "\"" + name + "\":{\"dtype\":\"U8\",\"shape\":[" + (end - begin) + "],\"data_offsets\":[" + begin + ","
                + end + "]}";
    }

    private void assertRefused(byte[] bytes, ErrorCode code) throws IOException {
        Path path = Files.write(folder.resolve("bad.safetensors"), bytes);
        assertThatThrownBy(() -> SafetensorsFile.open(path)).isInstanceOfSatisfying(ContainerException.class, e -> {
            assertThat(e.code()).isEqualTo(code);
            assertThat(e.container()).contains(path.toString());
            assertThat(e.offset()).isPresent();
        });
    }

    @Test
    void aFileIsReadInRanges() throws IOException {
        byte[] bytes =
                file("{" + bytesTensor("b", 2, 5) + "," + bytesTensor("a", 0, 2) + "}", new byte[] {1, 2, 3, 4, 5});
        Path path = Files.write(folder.resolve("a.safetensors"), bytes);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.length()).isEqualTo(bytes.length);
            assertThat(file.tensors()).extracting("name").containsExactly("a", "b");
            assertThat(file.tensor(1).toArray(ValueLayout.JAVA_BYTE)).containsExactly(3, 4, 5);
            assertThat(file.schema().byteSize()).isEqualTo(file.schemaLength()).isEqualTo(bytes.length - 5L);
            for (int from = 0; from <= bytes.length; from += 7) {
                byte[] read = new byte[bytes.length - from];
                file.read(from, MemorySegment.ofArray(read));
                assertThat(read).isEqualTo(Arrays.copyOfRange(bytes, from, bytes.length));
            }
            assertThatThrownBy(() -> file.read(bytes.length, MemorySegment.ofArray(new byte[1])))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> file.tensor(2)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void aFileCutAnywhereIsRefused() throws IOException {
        String json = "{" + bytesTensor("a", 0, 2) + "}";
        byte[] bytes = file(json, new byte[2]);
        for (int length = 0; length < bytes.length; length++) {
            assertRefused(Arrays.copyOf(bytes, length),
                    length < 8 + json.length() ? ErrorCode.TRUNCATED : ErrorCode.MALFORMED_SCHEMA);
        }
        assertRefused(Arrays.copyOf(bytes, bytes.length + 1), ErrorCode.MALFORMED_SCHEMA);
    }

    @Test
    void aClaimOfAHugeHeaderIsRefused() throws IOException {
        byte[] bytes = new byte[16];
        Arrays.fill(bytes, (byte) 0xFF);
        assertRefused(bytes, ErrorCode.LIMIT_EXCEEDED);
    }

    @Test
    void theTensorOfAnErrorIsNamed() throws IOException {
        Path path = Files.write(folder.resolve("gap.safetensors"),
                file("{" + bytesTensor("a", 0, 1) + "," + bytesTensor("late", 2, 3) + "}", new byte[3]));
        assertThatThrownBy(() -> SafetensorsFile.open(path))
                .isInstanceOfSatisfying(ContainerException.class, e -> assertThat(e.tensor()).contains("late"))
                .hasMessageContaining("late").hasMessageContaining("gap.safetensors");
    }

    @Test
    void aMissingFileIsAnIoError() {
        assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("none"))).isInstanceOf(IOException.class)
                .isNotInstanceOf(ContainerException.class);
    }

    @Test
    void aFileOverTwoGibibytesIsMapped() throws IOException {
        long length = (5L << 30) + 3;
        byte[] start = file("{" + bytesTensor("a", 0, length - 1) + "," + bytesTensor("z", length - 1, length) + "}",
                new byte[0]);
        Path path = folder.resolve("large.safetensors");
        // A sparse file: only its ends are stored.
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE,
                StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(start));
            channel.write(ByteBuffer.wrap(new byte[] {42}), start.length + length - 1);
        }
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.length()).isEqualTo(start.length + length);
            assertThat(file.tensor(0).byteSize()).isEqualTo(length - 1);
            assertThat(file.tensor(1).toArray(ValueLayout.JAVA_BYTE)).containsExactly(42);
        }
    }

    @Test
    void everySharedFamilyIsRead() throws IOException {
        Path families = Path.of(System.getProperty("weightspan.shared", "../../shared")).resolve("families");
        Assumptions.assumeTrue(Files.isDirectory(families), "no families in " + families);
        try (Stream<Path> files = Files.walk(families)) {
            for (Path path : (Iterable<Path>) files.filter(p -> p.toString().endsWith(".safetensors"))::iterator) {
                try (SafetensorsFile file = SafetensorsFile.open(path)) {
                    assertThat(file.tensors()).as(path.toString()).isNotEmpty();
                    assertThat(file.schemaLength() + file.tensors().getLast().end()).isEqualTo(file.length());
                }
            }
        }
    }
}
