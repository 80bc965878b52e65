package io.weightspan.codec.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.format.v1.Role;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directions are only ever added to a family: what was stored before stays, to the bit, and decodes as before. */
class SegmentsTest {
    private static final int ROWS = 64;
    private static final int COLUMNS = 48;
    private static final int N = ROWS * COLUMNS;
    /** Shared directions of each generation of members. */
    private static final int EACH = 3;

    @TempDir
    private Path folder = Path.of("");

    private final Records records = new Records();
    private float[] left = new float[0];
    private float[] right = new float[0];
    private Optional<Reference> base = Optional.empty();

    @BeforeEach
    void makeFamily() throws IOException {
        left = TestFiles.weights(ROWS * EACH * 3, 1, 2);
        right = TestFiles.weights(COLUMNS * EACH * 3, 1, 3);
        base = Optional.of(records.reference(write("base", TestFiles.weights(N, 0.02, 1)), Role.ROLE_BASE));
    }

    @AfterEach
    void close() throws IOException {
        records.close();
    }

    private Path write(String name, float[] w) throws IOException {
        return new TestFiles()
                .tensor("w", DType.BF16, "[64,48]", TestFiles.bf16(w))
                .write(folder.resolve(name + ".safetensors"));
    }

    /** A member of generation 0, 1 or 2: each has the directions of those before it and more of its own. */
    private Path member(String name, int generation, long seed) throws IOException {
        Random random = new Random(seed);
        float[] w = TestFiles.weights(N, 0.02, 1);
        for (int k = 0; k < EACH * (generation + 1); k++) {
            float size = (float) (random.nextGaussian() * 3e-3);
            for (int i = 0; i < N; i++) {
                w[i] += size * left[k * ROWS + i / COLUMNS] * right[k * COLUMNS + i % COLUMNS];
            }
        }
        for (int i = 0; i < N; i++) {
            w[i] += (float) (random.nextGaussian() * 2e-4);
        }
        return write(name, w);
    }

    private Reference fit(String name, int generation, List<Reference> known) throws IOException {
        List<SafetensorsFile> members = new ArrayList<>();
        for (int m = 0; m < 6; m++) {
            members.add(SafetensorsFile.open(
                    member(name + "-fitted" + m, generation, 1_000L * (generation + 1) + m)));
        }
        Path file = folder.resolve(name + ".safetensors");
        List<DecodedFile> before = known.stream().map(Reference::file).toList();
        assertThat(BasisFile.write(
                file,
                new BasisFitter(2, bytes -> {})
                        .fit(members, Optional.of(base.orElseThrow().file()), before),
                0.5))
                .isPositive();
        for (SafetensorsFile member : members) {
            member.close();
        }
        return records.reference(file, Role.ROLE_BASIS);
    }

    private EncodedRecord encode(Path file, Path record, List<Reference> segments) throws IOException {
        return records.encode(file, record, EncodeOptions.DEFAULT,
                segments.isEmpty() ? Optional.empty() : Optional.of(BasisReference.of(segments)),
                base.orElseThrow());
    }

    private static List<Integer> counts(List<io.weightspan.format.v1.Directions> parts) {
        return parts.stream().map(io.weightspan.format.v1.Directions::getCount).toList();
    }

    @Test
    void olderRecordsStayAsTheyAreThroughTwoExtensions() throws IOException {
        List<Reference> segments = new ArrayList<>();
        Map<Path, Path> stored = new LinkedHashMap<>();
        Map<Path, byte[]> bytes = new LinkedHashMap<>();
        List<byte[]> bases = new ArrayList<>();
        for (int generation = 0; generation < 3; generation++) {
            segments.add(fit("basis" + generation, generation, segments));
            bases.add(Files.readAllBytes(folder.resolve("basis" + generation + ".safetensors")));
            for (int m = 0; m < 5; m++) {
                Path file = member("g" + generation + "-" + m, generation, 77 + 100L * generation + m);
                Path record = folder.resolve("g" + generation + "-" + m + ".wspan");
                EncodedRecord encoded = encode(file, record, segments);
                assertThat(encoded.layered()).as("%s", record).isTrue();
                stored.put(file, record);
                bytes.put(record, Files.readAllBytes(record));
                assertThat(encoded.objectSha256()).isEqualTo(Records.digest(Files.readAllBytes(record)));
            }
            // Whatever was stored so far decodes and verifies as it did, and its bytes are what they were.
            for (Map.Entry<Path, Path> one : stored.entrySet()) {
                assertThat(records.verified(one.getValue())).isEqualTo(Files.readAllBytes(one.getKey()));
                assertThat(Files.readAllBytes(one.getValue())).isEqualTo(bytes.get(one.getValue()));
            }
            for (int s = 0; s < bases.size(); s++) {
                assertThat(Files.readAllBytes(folder.resolve("basis" + s + ".safetensors"))).isEqualTo(bases.get(s));
            }
            // A record of the first generation, encoded again with the basis of its time, is the same record.
            Path again = folder.resolve("again" + generation + ".wspan");
            encode(folder.resolve("g0-0.safetensors"), again, segments.subList(0, 1));
            assertThat(Files.readAllBytes(again)).isEqualTo(bytes.get(folder.resolve("g0-0.wspan")));
        }
    }

    @Test
    void aNewcomersRecordUsesTheSegmentsThatItNeeds() throws IOException {
        List<Reference> segments = new ArrayList<>();
        segments.add(fit("basis0", 0, segments));
        Path newcomer = member("newcomer", 1, 5);
        long before = encode(newcomer, folder.resolve("before.wspan"), segments).storedLength();
        segments.add(fit("basis1", 1, segments));
        Path record = folder.resolve("after.wspan");
        EncodedRecord encoded = encode(newcomer, record, segments);
        assertThat(encoded.storedLength()).isLessThan(before);
        assertThat(encoded.dependencies()).extracting(Reference::role)
                .containsExactlyInAnyOrder(Role.ROLE_BASE, Role.ROLE_BASIS, Role.ROLE_BASIS);
        try (RecordDecoder decoder = records.open(record)) {
            TensorEntry entry = decoder.container().layer().orElseThrow().entry(0);
            assertThat(counts(entry.getLeftList())).hasSize(2).first().isEqualTo(EACH);
            assertThat(counts(entry.getRightList())).hasSize(2).first().isEqualTo(EACH);
        }
        // A member that the first segment holds needs nothing of the second.
        Path old = folder.resolve("old.wspan");
        encode(member("old", 0, 6), old, segments);
        try (RecordDecoder decoder = records.open(old)) {
            TensorEntry entry = decoder.container().layer().orElseThrow().entry(0);
            assertThat(counts(entry.getLeftList()).getFirst()).isLessThanOrEqualTo(EACH);
        }
    }

    /** A slot's directions are found by whoever asks for their length, whatever was asked before. */
    @Test
    void aTensorOfAnotherShapeDoesNotHideDirections() throws IOException {
        BasisReference basis = BasisReference.of(List.of(fit("basis0", 0, List.of())));
        assertThat(basis.left("w", 63)).isEmpty();
        assertThat(basis.left("w", ROWS)).isPresent();
        assertThat(basis.left("w", 63)).isEmpty();
        assertThat(basis.right("w", COLUMNS)).isPresent();
        assertThat(basis.right("w", ROWS)).isEmpty();
        assertThat(basis.right("other", COLUMNS)).isEmpty();
    }

    @Test
    void theFirstOfSeveralPartsAreTakenInOrder() throws IOException {
        List<Reference> segments = new ArrayList<>();
        segments.add(fit("basis0", 0, segments));
        segments.add(fit("basis1", 1, segments));
        BasisReference.Side all = BasisReference.of(segments).left("w", ROWS).orElseThrow();
        assertThat(all.parts()).extracting(BasisReference.Part::reference).containsExactlyElementsOf(segments);
        assertThat(all.parts().getFirst().count()).isEqualTo(EACH);
        int count = all.directions().count();
        assertThat(count).isGreaterThan(EACH + 1);
        for (int some = 1; some <= count; some++) {
            BasisReference.Side first = all.first(some);
            assertThat(first.directions().count()).isEqualTo(some);
            assertThat(first.parts().stream().mapToInt(BasisReference.Part::count).sum()).isEqualTo(some);
            assertThat(first.parts()).hasSize(some <= EACH ? 1 : 2);
            for (int i = 0; i < some * ROWS; i++) {
                assertThat(first.directions().values()[i]).isEqualTo(all.directions().values()[i]);
            }
        }
    }

    @Test
    void aSegmentIsABasis() {
        Reference base = this.base.orElseThrow();
        assertThatIllegalArgumentException().isThrownBy(() -> BasisReference.of(List.of(base)));
    }
}
