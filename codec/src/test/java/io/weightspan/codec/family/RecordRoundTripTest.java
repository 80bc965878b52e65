package io.weightspan.codec.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DType;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordRoundTripTest {
    private static final int ROWS = 300;
    private static final int COLUMNS = 257;

    @TempDir
    private Path folder;

    private int records;

    private Path out() {
        return folder.resolve("record-" + records++ + ".wspan");
    }

    private RecordDecoder open(Path record, Dependencies dependencies) throws IOException {
        return RecordDecoder.open(MappedSource.open(record), dependencies, Verification.FULL);
    }

    private static final Dependencies NONE = (object, file) -> {
        throw new ContainerException(ErrorCode.MISSING_DEPENDENCY, "no object " + object);
    };

    private Path base() throws IOException {
        float[] w = TestFiles.weights(ROWS * COLUMNS, 0.02, 1);
        return new TestFiles().tensor("w", DType.BF16, "[300,257]", TestFiles.bf16(w))
                .tensor("norm", DType.BF16, "[257]", TestFiles.bf16(TestFiles.weights(COLUMNS, 1, 2)))
                .tensor("step", DType.I64, "[1]", new byte[] {1, 2, 3, 4, 5, 6, 7, 8})
                .write(folder.resolve("base.safetensors"));
    }

    private Path fineTune(String name, long seed, double size) throws IOException {
        float[] w = TestFiles.plus(TestFiles.weights(ROWS * COLUMNS, 0.02, 1),
                TestFiles.weights(ROWS * COLUMNS, size, seed));
        return new TestFiles().tensor("step", DType.I64, "[1]", new byte[] {1, 2, 3, 4, 5, 6, 7, 8})
                .tensor("w", DType.BF16, "[300,257]", TestFiles.bf16(w))
                .tensor("norm", DType.BF16, "[257]", TestFiles.bf16(TestFiles.weights(COLUMNS, 1, 2)))
                .tensor("scalar", DType.F32, "[]", TestFiles.f32(3.5f)).tensor("none", DType.F16, "[0,4]", new byte[0])
                .tensor("head", DType.F32, "[3,5]", TestFiles.f32(TestFiles.weights(15, 1, seed)))
                .write(folder.resolve(name + ".safetensors"));
    }

    private static void assertDecodes(RecordDecoder decoder, Path file) throws IOException {
        byte[] expected = Files.readAllBytes(file);
        byte[] whole = new byte[expected.length];
        decoder.read(0, MemorySegment.ofArray(whole));
        assertThat(whole).isEqualTo(expected);
        Random random = new Random(9);
        for (int i = 0; i < 60; i++) {
            int from = random.nextInt(expected.length + 1);
            int length = random.nextInt(Math.min(5_000, expected.length - from) + 1);
            byte[] part = new byte[length];
            decoder.read(from, MemorySegment.ofArray(part));
            assertThat(part).isEqualTo(Arrays.copyOfRange(expected, from, from + length));
        }
        AtomicLong heard = new AtomicLong();
        decoder.verify(heard::addAndGet);
        assertThat(heard.get()).isEqualTo(expected.length);
    }

    @Test
    void aFileAloneRoundTrips() throws IOException {
        Path file = fineTune("alone", 7, 1e-3);
        Path record = out();
        AtomicLong heard = new AtomicLong();
        EncodedRecord encoded =
                RecordEncoder.encode(file, List.of(), EncodeOptions.DEFAULT, record, heard::addAndGet);
        assertThat(heard.get()).isEqualTo(Files.size(file));
        assertThat(encoded.fileSha256()).isEqualTo(Digest.sha256(MemorySegment.ofArray(Files.readAllBytes(file))));
        assertThat(encoded.objectSha256())
                .isEqualTo(Digest.sha256(MemorySegment.ofArray(Files.readAllBytes(record))));
        assertThat(encoded.storedLength()).isEqualTo(Files.size(record));
        assertThat(encoded.dependencies()).isEmpty();
        assertThat(encoded.depth()).isZero();
        try (RecordDecoder decoder = open(record, NONE)) {
            assertDecodes(decoder, file);
        }
    }

    @Test
    void aFineTuneTakesItsBase() throws IOException {
        Path file = fineTune("tuned", 3, 1e-4);
        Path baseFile = base();
        Digest object = Digest.sha256(MemorySegment.ofArray(new byte[] {1}));
        try (SafetensorsFile base = SafetensorsFile.open(baseFile)) {
            Reference reference = new Reference(object,
                    Digest.sha256(MemorySegment.ofArray(Files.readAllBytes(baseFile))), Role.ROLE_BASE, base, 0);
            Path record = out();
            EncodedRecord encoded = RecordEncoder.encode(file, List.of(reference), EncodeOptions.DEFAULT, record,
                    Progress.NONE);
            assertThat(encoded.dependencies()).containsExactly(reference);
            assertThat(encoded.depth()).isEqualTo(1);
            assertThat(encoded.storedLength()).isLessThan(Files.size(file) / 4);
            try (RecordDecoder decoder = open(record, (o, f) -> SafetensorsFile.open(baseFile))) {
                assertThat(decoder.container().coding().predictor(1)).isEqualTo(PredictorKind.BASE);
                assertThat(decoder.container().coding().residual(1)).isEqualTo(ResidualKind.DELTA);
                assertThat(decoder.container().coding().residual(0)).as("the same integers")
                        .isEqualTo(ResidualKind.EQUAL);
                assertThat(decoder.container().coding().residual(2)).as("the same floats")
                        .isEqualTo(ResidualKind.EQUAL);
                assertThat(decoder.depth(1, 4)).isEqualTo(1);
                assertDecodes(decoder, file);
            }
            try (RecordDecoder decoder = open(record, NONE)) {
                assertThatThrownBy(() -> decoder.verify(Progress.NONE)).isInstanceOfSatisfying(
                        ContainerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MISSING_DEPENDENCY));
            }
            Path other = fineTune("other", 4, 1e-4);
            try (RecordDecoder decoder = open(record, (o, f) -> SafetensorsFile.open(other))) {
                assertThatThrownBy(() -> decoder.verify(Progress.NONE)).isInstanceOf(ContainerException.class);
            }
        }
    }

    @Test
    void tensorsStoredTwiceAreCodedOnce() throws IOException {
        byte[] w = TestFiles.f32(TestFiles.weights(5_000, 1, 1));
        Path file = new TestFiles().tensor("a", DType.F32, "[5000]", w).tensor("b", DType.F32, "[50,100]", w)
                .tensor("c", DType.I32, "[5000]", w).write(folder.resolve("tied.safetensors"));
        Path record = out();
        RecordEncoder.encode(file, List.of(), EncodeOptions.DEFAULT, record, Progress.NONE);
        try (RecordDecoder decoder = open(record, NONE)) {
            assertThat(decoder.container().coding().predictor(1)).isEqualTo(PredictorKind.SELF);
            assertThat(decoder.container().coding().predictor(2)).as("another dtype").isEqualTo(PredictorKind.NONE);
            assertDecodes(decoder, file);
        }
    }

    @Test
    void paddedPrecisionIsNotStored() throws IOException {
        float[] w = TestFiles.weights(100_000, 0.02, 4);
        Path padded = new TestFiles().tensor("w", DType.F32, "[100000]", TestFiles.padded(w))
                .write(folder.resolve("padded.safetensors"));
        Path record = out();
        EncodedRecord encoded =
                RecordEncoder.encode(padded, List.of(), EncodeOptions.DEFAULT, record, Progress.NONE);
        assertThat(encoded.storedLength()).isLessThan(100_000 * 11 / 8);
        try (RecordDecoder decoder = open(record, NONE)) {
            assertThat(decoder.container().coding().entry(0).getShift()).isEqualTo(16);
            assertDecodes(decoder, padded);
        }
    }

    @Test
    void anyOtherFileIsStoredAsBytes() throws IOException {
        byte[] bytes = new byte[3_000_000];
        new Random(1).nextBytes(bytes);
        Arrays.fill(bytes, 500_000, 2_500_000, (byte) 'x');
        Path file = Files.write(folder.resolve("weights.bin"), bytes);
        Path record = out();
        EncodedRecord encoded =
                RecordEncoder.encodeOpaque(file, EncodeOptions.DEFAULT, record, Progress.NONE);
        assertThat(encoded.storedLength()).isBetween(1_000_000L, 1_002_000L);
        try (RecordDecoder decoder = open(record, NONE)) {
            assertDecodes(decoder, file);
        }
    }

    @Test
    void anEmptyFileIsStored() throws IOException {
        Path file = Files.write(folder.resolve("empty"), new byte[0]);
        Path record = out();
        RecordEncoder.encodeOpaque(file, EncodeOptions.DEFAULT, record, Progress.NONE);
        try (RecordDecoder decoder = open(record, NONE)) {
            assertDecodes(decoder, file);
        }
    }

    @Test
    void aDamagedFileLeavesNothingBehind() throws IOException {
        Path file = Files.write(folder.resolve("bad.safetensors"), new byte[] {9, 0, 0, 0, 0, 0, 0, 0, '{'});
        Path record = out();
        assertThatThrownBy(() -> RecordEncoder.encode(file, List.of(), EncodeOptions.DEFAULT, record, Progress.NONE))
                .isInstanceOf(ContainerException.class).hasMessageContaining("bad.safetensors");
        assertThat(record).doesNotExist();
    }

    @Test
    void threadsDoNotChangeTheBytes() throws IOException {
        Path file = fineTune("threads", 11, 1e-3);
        Path one = out();
        Path four = out();
        RecordEncoder.encode(file, List.of(), EncodeOptions.DEFAULT.withThreads(1), one, Progress.NONE);
        RecordEncoder.encode(file, List.of(), EncodeOptions.DEFAULT.withThreads(4), four, Progress.NONE);
        assertThat(four).hasSameBinaryContentAs(one);
    }
}
