package io.weightspan.codec.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first part of a layered record decodes as the layer of the whole does; damaged ones are refused. */
class FirstPartFuzzTest {
    private static final int HEADER = 64;
    private static final int FRONT_LENGTH = 12;
    private static final int FIRST_PART_LENGTH = 40;
    private static final int FRONT_CRC = 48;
    private static final int HEADER_CRC = 60;

    @TempDir
    private static Path folder = Path.of("");

    private static final Records RECORDS = new Records();
    private static Path record = Path.of("");

    @AfterAll
    static void close() throws IOException {
        RECORDS.close();
    }

    /** Finds dependencies by what they decode to, so that kept inputs find theirs. */
    private static RecordDecoder openFirstPart(byte[] bytes) throws IOException {
        return RecordDecoder.openFirstPart(
                ByteSource.of("test", MemorySegment.ofArray(bytes)),
                (object, file) -> find(file),
                Verification.FULL);
    }

    private static SafetensorsFile find(Digest file) throws IOException {
        Path path = folder.resolve(file.hex());
        if (!Files.exists(path)) {
            throw new ContainerException(ErrorCode.MISSING_DEPENDENCY, "no file " + file.hex());
        }
        return SafetensorsFile.open(path);
    }

    /** A file under the name of its digest. */
    private static Path named(Path file) throws IOException {
        return Files.move(file, folder.resolve(Records.digest(Files.readAllBytes(file)).hex()));
    }

    private static Path member(String name, long seed) throws IOException {
        float[] w = TestFiles.weights(48 * 32, 0.02, 1);
        float[] left = TestFiles.weights(48 * 2, 1, 2);
        float[] right = TestFiles.weights(2 * 32, 1, 3);
        float[] sizes = TestFiles.weights(2, 4e-3, seed);
        for (int i = 0; i < w.length && seed != 0; i++) {
            w[i] += sizes[0] * left[i / 32] * right[i % 32] + sizes[1] * left[48 + i / 32] * right[32 + i % 32];
        }
        return new TestFiles()
                .tensor("w", DType.BF16, "[48,32]", TestFiles.bf16(w))
                .tensor("bias", DType.F32, "[32]", TestFiles.f32(TestFiles.weights(32, 1, seed)))
                .write(folder.resolve(name + ".safetensors"));
    }

    /** Makes a record with a layer. */
    @BeforeAll
    static void encode() throws IOException {
        Reference base = RECORDS.reference(named(member("base", 0)), Role.ROLE_BASE);
        List<SafetensorsFile> members = new ArrayList<>();
        for (int m = 1; m < 6; m++) {
            members.add(SafetensorsFile.open(member("member" + m, m)));
        }
        Path basisFile = folder.resolve("basis.safetensors");
        BasisFile.write(
                basisFile,
                new BasisFitter(1, bytes -> {}).fit(members, Optional.of(base.file()), List.of()),
                0.3);
        for (DecodedFile member : members) {
            member.close();
        }
        BasisReference basis = BasisReference.of(List.of(RECORDS.reference(named(basisFile), Role.ROLE_BASIS)));
        record = folder.resolve("layered.wspan");
        EncodedRecord encoded = RECORDS.encode(
                member("new", 77), record, EncodeOptions.DEFAULT.keepingLayer(), Optional.of(basis), base);
        assertThat(encoded.layered()).isTrue();
    }

    private static byte[] firstPart(byte[] record) {
        long length = ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).getLong(FIRST_PART_LENGTH);
        return Arrays.copyOf(record, Math.toIntExact(length));
    }

    @Test
    void theFirstPartDecodesAsTheLayerOfTheWhole() throws IOException {
        byte[] whole = Files.readAllBytes(record);
        byte[] part = firstPart(whole);
        assertThat(part.length).isLessThan(whole.length);
        try (RecordDecoder decoder = RECORDS.open(record);
                RecordDecoder first = openFirstPart(part)) {
            RecordDecoder layer = decoder.layer().orElseThrow();
            byte[] expected = Records.bytes(layer);
            assertThat(Records.bytes(first)).isEqualTo(expected);
            assertThat(first.fileDigest()).isEqualTo(layer.fileDigest()).isEqualTo(Records.digest(expected));
            assertThat(first.tensors()).isEqualTo(decoder.tensors());
            assertThat(first.layer()).isEmpty();
            first.verify(Progress.NONE);
            byte[] some = new byte[333];
            first.read(1_000, MemorySegment.ofArray(some));
            assertThat(some).isEqualTo(Arrays.copyOfRange(expected, 1_000, 1_333));
        }
    }

    @Test
    void everyTruncationAndLongerPartIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(record);
        byte[] part = firstPart(whole);
        for (int length = 0; length < part.length; length += length < 200 ? 1 : 37) {
            byte[] cut = Arrays.copyOf(part, length);
            assertThatThrownBy(() -> openFirstPart(cut)).isInstanceOfSatisfying(
                    ContainerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TRUNCATED));
        }
        assertThatThrownBy(() -> openFirstPart(whole)).isInstanceOf(ContainerException.class);
    }

    /** A flipped bit is refused when the part is opened or read, or was in padding. */
    @Test
    void everyFlippedByteIsRefusedOrPadding() throws IOException {
        byte[] part = firstPart(Files.readAllBytes(record));
        byte[] expected;
        try (RecordDecoder first = openFirstPart(part)) {
            expected = Records.bytes(first);
        }
        int refused = 0;
        for (int at = 0; at < part.length; at++) {
            byte[] damaged = part.clone();
            damaged[at] ^= (byte) (1 << at % 8);
            try (RecordDecoder first = openFirstPart(damaged)) {
                assertThat(Records.bytes(first)).as("byte %s", at).isEqualTo(expected);
            } catch (ContainerException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(part.length - 16);
    }

    @Test
    void aRecordWithoutALayerIsRefused() throws IOException {
        Path plain = folder.resolve("plain.wspan");
        RECORDS.encode(member("alone", 3), plain, Fidelity.EXACT);
        byte[] whole = Files.readAllBytes(plain);
        assertThatThrownBy(() -> openFirstPart(whole)).isInstanceOf(ContainerException.class);
        assertThatThrownBy(() -> openFirstPart(firstPart(whole))).isInstanceOfSatisfying(
                ContainerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MALFORMED_FRONT));
    }

    @FuzzTest(maxDuration = "2m")
    void anyBytesAreReadOrRefused(byte[] bytes) throws IOException {
        read(bytes);
        if (bytes.length > HEADER) {
            read(repair(bytes));
        }
    }

    private static void read(byte[] bytes) throws IOException {
        try (RecordDecoder decoder = openFirstPart(bytes)) {
            // Fuzzed lengths of files may be anything; a piece of each tensor says enough.
            for (var tensor : decoder.tensors()) {
                byte[] some = new byte[(int) Math.min(tensor.byteLength(), 1 << 16)];
                decoder.read(decoder.schemaLength() + tensor.begin(), MemorySegment.ofArray(some));
            }
        } catch (ContainerException e) {
            assertThat(e.code()).isNotNull();
        }
    }

    /** The same with the length and the front's checksum right, which a mutation can't be expected to hit. */
    private static byte[] repair(byte[] original) {
        byte[] bytes = original.clone();
        ByteBuffer fields = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        fields.putLong(FIRST_PART_LENGTH, bytes.length);
        int front = fields.getInt(FRONT_LENGTH);
        if (front >= 0 && front <= bytes.length - HEADER) {
            fields.putInt(FRONT_CRC, crc(bytes, HEADER, front));
        }
        fields.putInt(HEADER_CRC, crc(bytes, 0, HEADER_CRC));
        return bytes;
    }

    private static int crc(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }
}
