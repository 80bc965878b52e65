package io.weightspan.codec.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourcesAndErrorsTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void aMappedFileIsReadInRangesUntilItIsClosed() throws IOException {
        Path path = Files.write(folder.resolve("a"), new byte[] {1, 2, 3});
        MappedSource source = MappedSource.open(path);
        MemorySegment range = source.read(1, 2);
        assertThat(range.toArray(ValueLayout.JAVA_BYTE)).containsExactly(2, 3);
        assertThat(range.isReadOnly()).isTrue();
        assertThat(source.read(3, 0).byteSize()).isZero();
        assertThatThrownBy(() -> source.read(2, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> source.read(-1, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        source.close();
        source.close();
        assertThatThrownBy(() -> range.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anEmptyFileIsMapped() throws IOException {
        try (MappedSource source = MappedSource.open(Files.write(folder.resolve("empty"), new byte[0]))) {
            assertThat(source.size()).isZero();
        }
    }

    @Test
    void aMissingFileIsAnIoError() {
        assertThatThrownBy(() -> MappedSource.open(folder.resolve("none"))).isInstanceOf(IOException.class);
    }

    @Test
    void openingADamagedContainerClosesItsSource() throws IOException {
        Path path = Files.write(folder.resolve("damaged"), new byte[200]);
        MappedSource source = MappedSource.open(path);
        assertThatThrownBy(() -> Container.open(source, Verification.FULL)).isInstanceOf(ContainerException.class)
                .hasMessageContaining(path.toString());
        assertThatThrownBy(() -> source.bytes().get(ValueLayout.JAVA_BYTE, 0))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void bytesInMemoryCannotBeChangedThroughTheirSource() throws IOException {
        try (ByteSource source = ByteSource.of("memory", MemorySegment.ofArray(new byte[4]))) {
            assertThat(source.name()).isEqualTo("memory");
            assertThat(source.read(0, 4).isReadOnly()).isTrue();
        }
    }

    @Test
    void aDigestIsThatOfFips180() {
        Digest digest = Digest.sha256(MemorySegment.ofArray("abc".getBytes(StandardCharsets.US_ASCII)));
        String hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assertThat(digest.hex()).isEqualTo(hex).isEqualTo(digest.toString());
        assertThat(Digest.of(hex)).isEqualTo(digest).hasSameHashCodeAs(digest);
        assertThat(Digest.ofBytes(digest.bytes())).isEqualTo(digest);
        assertThat(Digest.of(digest.byteString())).isEqualTo(digest);
        assertThat(Digest.of("00".repeat(32))).isLessThan(digest);
        assertThat(Digest.of("ff".repeat(32))).isGreaterThan(digest);
        assertThatThrownBy(() -> Digest.of("00")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Digest.of("0g".repeat(32))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Digest.ofBytes(new byte[33])).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void rErr001AnErrorTellsItsPlaceOnce() {
        ContainerException bare = new ContainerException(ErrorCode.MALFORMED_BLOCK, "odd");
        assertThat(bare).hasMessage("MALFORMED_BLOCK: odd");
        assertThat(bare.offset()).isEmpty();
        ContainerException placed = bare.in("a.wspan", "w", 12);
        assertThat(placed).hasMessage("MALFORMED_BLOCK: odd (a.wspan, tensor w, offset 12)");
        assertThat(placed.in("b.wspan", "v", 13)).isSameAs(placed);
        assertThat(placed.offset()).hasValue(12);
        assertThat(placed.tensor()).contains("w");
        assertThat(placed.container()).contains("a.wspan");
        ContainerException inFile = bare.in("a.wspan", null, -1);
        assertThat(inFile).hasMessage("MALFORMED_BLOCK: odd (a.wspan)");
        assertThat(inFile.in("b.wspan", "v", 13)).as("an offset belongs to the container named with it")
                .hasMessage("MALFORMED_BLOCK: odd (a.wspan, tensor v)");
    }
}
