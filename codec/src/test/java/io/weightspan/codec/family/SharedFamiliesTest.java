package io.weightspan.codec.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real weights, where they lie beside the checkout: one member of every family comes back byte for byte. */
class SharedFamiliesTest {
    @TempDir
    private Path folder;

    @Test
    void aMemberOfEveryFamilyRoundTrips() throws IOException {
        Path families = Path.of(System.getProperty("weightspan.shared", "../shared")).resolve("families");
        assumeTrue(Files.isDirectory(families), "no real families beside this checkout");
        List<Path> files;
        try (Stream<Path> walk = Files.walk(families)) {
            files = walk.filter(p -> p.toString().endsWith(".safetensors")).sorted().toList();
        }
        Path previous = families;
        for (Path file : files) {
            Path family = file.resolve("../..").normalize();
            if (!family.equals(previous)) {
                roundTrip(file);
                previous = family;
            }
        }
    }

    private void roundTrip(Path file) throws IOException {
        Path record = folder.resolve("r.wspan");
        Files.deleteIfExists(record);
        EncodedRecord encoded =
                RecordEncoder.encode(file, List.of(), EncodeOptions.DEFAULT, record, Progress.NONE);
        assertThat(encoded.storedLength()).as("%s", file).isLessThan(encoded.fileLength() * 85 / 100);
        try (RecordDecoder decoder = RecordDecoder.open(MappedSource.open(record), (o, f) -> {
            throw new ContainerException(ErrorCode.MISSING_DEPENDENCY, "no object " + o);
        }, Verification.FULL)) {
            decoder.verify(Progress.NONE);
        }
    }
}
