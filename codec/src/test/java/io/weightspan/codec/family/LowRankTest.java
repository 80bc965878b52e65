package io.weightspan.codec.family;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.SharedDirections;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DType;
import io.weightspan.format.v1.Role;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints that an adapter was merged into: the base and a product of two thin matrices, rounded. */
class LowRankTest {
    private static final int ROWS = 96;
    private static final int COLUMNS = 80;
    private static final int N = ROWS * COLUMNS;

    @TempDir
    private Path folder = Path.of("");

    private final Records records = new Records();
    private int files;

    @AfterEach
    void close() throws IOException {
        records.close();
    }

    private static float[] center(long seed) {
        return TestFiles.weights(N, 0.02, seed);
    }

    /** A center and a product of a rank, whose elements have a deviation of about 2e-3. */
    private static float[] merged(float[] center, int rank, long seed) {
        Random random = new Random(seed);
        double[] left = random.doubles((long) ROWS * rank, -1, 1).toArray();
        double[] right = random.doubles((long) COLUMNS * rank, -1, 1).toArray();
        float[] w = center.clone();
        for (int i = 0; i < N; i++) {
            double sum = 0;
            for (int k = 0; k < rank; k++) {
                sum += left[i / COLUMNS * rank + k] * right[i % COLUMNS * rank + k];
            }
            w[i] += (float) (sum * 6e-3 / Math.sqrt(rank));
        }
        return w;
    }

    private static byte[] bf16(float[] values) {
        return TestFiles.bf16(values);
    }

    /** Values as BF16 holds them: a base is rounded before anything is added to it. */
    private static float[] rounded(float[] values) {
        float[] rounded = values.clone();
        for (int i = 0; i < rounded.length; i++) {
            int u = Float.floatToRawIntBits(values[i]);
            rounded[i] = Float.intBitsToFloat(u + 0x7FFF + (u >>> 16 & 1) & 0xFFFF_0000);
        }
        return rounded;
    }

    private Path write(float[]... tensors) throws IOException {
        TestFiles all = new TestFiles();
        for (int t = 0; t < tensors.length; t++) {
            all.tensor("w" + t, DType.BF16, "[96,80]", bf16(tensors[t]));
        }
        return all.write(folder.resolve("file" + files++ + ".safetensors"));
    }

    private record Encoded(EncodedRecord record, Path path) {}

    private Encoded encode(Path file, Reference base, Fidelity fidelity) throws IOException {
        Path path = folder.resolve("record" + files++ + ".wspan");
        EncodedRecord record = records.encode(file, path, fidelity, base);
        if (fidelity.equals(Fidelity.EXACT)) {
            assertThat(records.verified(path)).isEqualTo(Files.readAllBytes(file));
        }
        return new Encoded(record, path);
    }

    /** The ranks of the tensors of a record's layer, 0 for those that have no factors. */
    private List<Integer> ranks(Path record) throws IOException {
        List<Integer> ranks = new ArrayList<>();
        try (RecordDecoder decoder = records.open(record)) {
            var coding = decoder.container().layer().orElse(decoder.container().coding());
            for (int t = 0; t < decoder.tensors().size(); t++) {
                TensorEntry entry = coding.entry(t);
                boolean lowRank = coding.predictor(t) == PredictorKind.LOWRANK;
                assertThat(coding.residual(t) == ResidualKind.FACTORS).isEqualTo(lowRank);
                ranks.add(lowRank ? entry.getRank() : 0);
            }
        }
        return ranks;
    }

    @Test
    void aMergedAdapterIsFoundBesideATensorThatWasNotMerged() throws IOException {
        float[] center = rounded(center(1));
        float[] other = rounded(center(2));
        Reference base = records.reference(write(center, other), Role.ROLE_BASE);
        float[] tuned = TestFiles.plus(other, TestFiles.weights(N, 2e-3, 3));
        Encoded merged = encode(write(merged(center, 4, 5), tuned), base, Fidelity.EXACT);
        assertThat(merged.record().layered()).isTrue();
        assertThat(ranks(merged.path())).containsExactly(4, 0);
        // The same beside a change of full rank and of the same size.
        float[] full = TestFiles.plus(center, TestFiles.weights(N, 2e-3, 4));
        Encoded plain = encode(write(full, tuned), base, Fidelity.EXACT);
        assertThat(plain.record().layered()).isFalse();
        Encoded alone = encode(write(center, tuned), base, Fidelity.EXACT);
        long ofMerged = merged.record().storedLength() - alone.record().storedLength();
        long ofFull = plain.record().storedLength() - alone.record().storedLength();
        assertThat(ofMerged).as("bytes of the merged tensor, beside %s", ofFull).isLessThan(ofFull / 2);
    }

    @Test
    void everyTensorHasItsRank() throws IOException {
        float[] center = rounded(center(1));
        float[][] tensors = {merged(center, 1, 2), merged(center, 9, 3), center, merged(center, 3, 4)};
        Reference base = records.reference(write(center, center, center, center), Role.ROLE_BASE);
        Encoded encoded = encode(write(tensors), base, Fidelity.EXACT);
        assertThat(ranks(encoded.path())).containsExactly(1, 9, 0, 3);
    }

    /** What the factors leave is coded by the distance to the edge of the cell, and decodes in any range. */
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "F16", "BF16"})
    void theResidualUponFactorsKnowsTheEdgesOfCells(DType dtype) throws IOException {
        float[] center = rounded(center(1));
        Path baseFile = new TestFiles()
                .tensor("w", dtype, "[96,80]", stored(dtype, center))
                .write(folder.resolve("base.safetensors"));
        Path file = new TestFiles()
                .tensor("w", dtype, "[96,80]", stored(dtype, merged(center, 4, 5)))
                .write(folder.resolve("merged.safetensors"));
        Encoded exact = encode(file, records.reference(baseFile, Role.ROLE_BASE), Fidelity.EXACT);
        byte[] own = Files.readAllBytes(file);
        try (RecordDecoder decoder = records.open(exact.path())) {
            assertThat(decoder.container().coding().residual(0))
                    .isEqualTo(dtype == DType.F32 ? ResidualKind.DELTA : ResidualKind.CELLS);
            for (int at = 0; at < own.length; at += 1_777) {
                byte[] part = new byte[Math.min(321, own.length - at)];
                decoder.read(at, MemorySegment.ofArray(part));
                assertThat(part).isEqualTo(Arrays.copyOfRange(own, at, at + part.length));
            }
        }
    }

    /** The layer alone is the merged checkpoint but for rounding: its errors are those of the dtype. */
    @Test
    void theLayerOfAMergedAdapterIsNearlyTheFile() throws IOException {
        float[] center = rounded(center(1));
        Reference base = records.reference(write(center), Role.ROLE_BASE);
        Path file = write(merged(center, 4, 5));
        Encoded exact = encode(file, base, Fidelity.EXACT);
        byte[] own = Files.readAllBytes(file);
        try (RecordDecoder decoder = records.open(exact.path())) {
            byte[] near = Records.bytes(decoder.layer().orElseThrow());
            assertThat(near).hasSameSizeAs(own).isNotEqualTo(own);
            float[] a = Records.values(own, decoder.tensors().getFirst());
            float[] b = Records.values(near, decoder.tensors().getFirst());
            for (int i = 0; i < a.length; i++) {
                assertThat(Math.abs(a[i] - b[i])).isLessThanOrEqualTo(0x1p-7f * Math.max(0x1p-8f, Math.abs(a[i])));
            }
        }
    }

    @Test
    void noDifferenceAtAllNeedsNoLayer() throws IOException {
        float[] center = rounded(center(1));
        Reference base = records.reference(write(center), Role.ROLE_BASE);
        Encoded same = encode(write(center), base, Fidelity.EXACT);
        assertThat(same.record().layered()).isFalse();
        assertThat(ranks(same.path())).containsExactly(0);
    }

    /** One element of a merged tensor, or of its base, that is no number or too large: exact all the same. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, 3.3e38f, -1.2e38f, 1e30f})
    void oneOddElementStaysExact(float odd) throws IOException {
        float[] center = rounded(center(1));
        float[] oddCenter = center.clone();
        oddCenter[700] = odd;
        float[] merged = merged(center, 4, 5);
        float[] oddMerged = merged.clone();
        oddMerged[333] = odd;
        Reference base = records.reference(write(center, oddCenter, oddCenter, center), Role.ROLE_BASE);
        encode(write(oddMerged, merged, oddMerged, merged), base, Fidelity.EXACT);
        Encoded span = encode(write(oddMerged, merged, oddMerged, merged), base, Fidelity.SPAN);
        byte[] near = records.verified(span.path());
        try (RecordDecoder decoder = records.open(span.path())) {
            float[] first = Records.values(near, decoder.tensors().getFirst());
            assertThat(Float.compare(first[333], rounded(oddMerged)[333])).isZero();
        }
    }

    /** A product so large, or so small, that steps or sums could leave the range of their types. */
    @ParameterizedTest
    @ValueSource(doubles = {1e-44, 1e-38, 1e-36, 1e-30, 1e18, 1e30, 1e36, 1e38})
    void productsOfAnySizeStayExact(double size) throws IOException {
        float[] center = new float[N];
        float[] merged = merged(center, 3, 7);
        for (int i = 0; i < N; i++) {
            merged[i] = (float) (merged[i] / 6e-3 * size);
        }
        Path baseFile = new TestFiles()
                .tensor("w", DType.F32, "[96,80]", TestFiles.f32(center))
                .write(folder.resolve("base.safetensors"));
        Path file = new TestFiles()
                .tensor("w", DType.F32, "[96,80]", TestFiles.f32(merged))
                .write(folder.resolve("merged.safetensors"));
        Reference base = records.reference(baseFile, Role.ROLE_BASE);
        encode(file, base, Fidelity.EXACT);
        Encoded span = encode(file, base, Fidelity.SPAN);
        assertThat(records.verified(span.path())).hasSize((int) Files.size(file));
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "F16", "BF16"})
    void everyRealDtypeIsServed(DType dtype) throws IOException {
        float[] center = rounded(center(1));
        float[] merged = merged(center, 2, 5);
        Path baseFile = new TestFiles()
                .tensor("w", dtype, "[96,80]", stored(dtype, center))
                .write(folder.resolve("base.safetensors"));
        Path file = new TestFiles()
                .tensor("w", dtype, "[96,80]", stored(dtype, merged))
                .write(folder.resolve("merged.safetensors"));
        Encoded encoded = encode(file, records.reference(baseFile, Role.ROLE_BASE), Fidelity.EXACT);
        assertThat(ranks(encoded.path())).containsExactly(2);
    }

    private static byte[] stored(DType dtype, float[] values) {
        if (dtype == DType.F32) {
            return TestFiles.f32(values);
        }
        byte[] bytes = TestFiles.bf16(values);
        for (int i = 0; i < values.length && dtype == DType.F16; i++) {
            short u = Float.floatToFloat16(values[i]);
            bytes[2 * i] = (byte) u;
            bytes[2 * i + 1] = (byte) (u >> 8);
        }
        return bytes;
    }

    /** Tensors of few rows, of one dimension and of three are left alone or served, and exact. */
    @Test
    void otherShapesStayExact() throws IOException {
        String[] shapes = {"[7680]", "[8,960]", "[768,10]", "[96,8,10]", "[12,640]", "[1,7680]"};
        TestFiles base = new TestFiles();
        TestFiles tuned = new TestFiles();
        for (int t = 0; t < shapes.length; t++) {
            float[] center = rounded(center(10 + t));
            base.tensor("w" + t, DType.BF16, shapes[t], bf16(center));
            tuned.tensor("w" + t, DType.BF16, shapes[t], bf16(merged(center, 2, t)));
        }
        Path baseFile = base.write(folder.resolve("base.safetensors"));
        Path file = tuned.write(folder.resolve("tuned.safetensors"));
        Encoded encoded = encode(file, records.reference(baseFile, Role.ROLE_BASE), Fidelity.EXACT);
        List<Integer> ranks = ranks(encoded.path());
        assertThat(ranks.get(0)).as("a vector").isZero();
        assertThat(ranks.get(1)).as("8 rows").isZero();
        assertThat(ranks.get(2)).as("10 columns").isZero();
        assertThat(ranks.get(3)).as("three dimensions, as a matrix of 96 rows").isEqualTo(2);
    }

    /** What does not depend on the step is looked for once, however many steps are tried. */
    @Test
    void aSearchIsMadeOncePerTensor() throws IOException {
        float[] center = center(1);
        Path baseFile = new TestFiles()
                .tensor("w", DType.BF16, "[96,80]", bf16(center))
                .write(folder.resolve("once-base.safetensors"));
        Path file = new TestFiles()
                .tensor("w", DType.BF16, "[96,80]", bf16(merged(center, 3, 5)))
                .write(folder.resolve("once.safetensors"));
        LowRankSearch search = new LowRankSearch();
        List<NumbersPlan> found = new ArrayList<>();
        try (SafetensorsFile own = SafetensorsFile.open(file)) {
            List<Reference> references = List.of(records.reference(baseFile, Role.ROLE_BASE));
            TensorPlan plain = new TensorPlanner().plan(
                    own, own.tensor(0), own.tensors().getFirst(), Digest.sha256(own.tensor(0)), references);
            for (double step : new double[] {0.5, 2}) {
                LayerPlanner planner = new LayerPlanner(own, references, Optional.empty(), step, true, false, search);
                MemorySegment out = MemorySegment.ofArray(new byte[2 * N]);
                found.add(planner.plan(plain, own.tensor(0), out).orElseThrow().plan().numbers());
            }
        }
        assertThat(found.getFirst()).isInstanceOf(LowRankPlan.class).isSameAs(found.getLast());
    }

    /** A search that is used for another base as well finds what is true of that one. */
    @Test
    void aSearchTellsBasesApart() throws IOException {
        float[] center = center(1);
        Path first = new TestFiles()
                .tensor("w", DType.BF16, "[96,80]", bf16(center))
                .write(folder.resolve("first-base.safetensors"));
        Path second = new TestFiles()
                .tensor("w", DType.BF16, "[96,80]", bf16(center(2)))
                .write(folder.resolve("second-base.safetensors"));
        Path file = new TestFiles()
                .tensor("w", DType.BF16, "[96,80]", bf16(merged(center, 3, 5)))
                .write(folder.resolve("of-first.safetensors"));
        LowRankSearch search = new LowRankSearch();
        List<byte[]> shared = new ArrayList<>();
        List<byte[]> alone = new ArrayList<>();
        for (Path base : List.of(first, second, first)) {
            List<Reference> references = List.of(records.reference(base, Role.ROLE_BASE));
            for (LowRankSearch used : List.of(search, new LowRankSearch())) {
                Path out = folder.resolve("told-apart.wspan");
                RecordEncoder.encode(
                        file, references, Optional.empty(), used, EncodeOptions.DEFAULT, out, Progress.NONE);
                (used == search ? shared : alone).add(Files.readAllBytes(out));
                Files.delete(out);
            }
        }
        assertThat(shared).usingElementComparator(Arrays::compare).containsExactlyElementsOf(alone);
        assertThat(shared.get(0)).isEqualTo(shared.get(2)).isNotEqualTo(shared.get(1));
    }

    /** Of a layer that nothing is put upon the factors are as coarse as its step, and say what they leave out. */
    @Test
    void aloneFactorsAreAsCoarseAsTheStep() throws IOException {
        float[] center = rounded(center(1));
        Reference base = records.reference(write(center), Role.ROLE_BASE);
        Path file = write(merged(center, 4, 5));
        long exact = encode(file, base, Fidelity.EXACT).record().storedLength();
        long before = exact;
        double error = 0;
        for (double step : new double[] {0.1, 0.5, 2}) {
            Path out = folder.resolve("alone" + step + ".wspan");
            EncodedRecord record = records.encode(
                    file, out, EncodeOptions.DEFAULT.withFidelity(Fidelity.SPAN).withStep(step), Optional.empty(),
                    base);
            assertThat(ranks(out)).containsExactly(4);
            assertThat(record.storedLength()).isLessThan(before);
            before = record.storedLength();
            double left = relativeError(out);
            assertThat(left).isBetween(error, step / Math.sqrt(12));
            error = left;
        }
        assertThat(error).isGreaterThan(0.02);
    }

    private double relativeError(Path record) throws IOException {
        try (RecordDecoder decoder = records.open(record)) {
            return decoder.front().getApproximation().getRelativeError();
        }
    }

    /** Directions that the family shares take fewer numbers than factors of a file's own. */
    @Test
    void aloneSharedDirectionsAreTakenWhereTheyTakeLess() throws IOException {
        float[] center = rounded(center(1));
        Reference base = records.reference(write(center), Role.ROLE_BASE);
        double[][] left = axes(ROWS);
        double[][] right = axes(COLUMNS);
        double[] sizes = {10, 10, 10};
        Path directions = folder.resolve("directions.safetensors");
        BasisFile.write(
                directions,
                List.of(new SharedDirections(
                        "w0",
                        ROWS,
                        COLUMNS,
                        new SharedDirections.Side(left, sizes),
                        new SharedDirections.Side(right, sizes))),
                0.1);
        Optional<BasisReference> basis =
                Optional.of(BasisReference.of(List.of(records.reference(directions, Role.ROLE_BASIS))));
        float[] tuned = center.clone();
        for (int i = 0; i < N; i++) {
            double d = 0;
            for (int k = 0; k < 3; k++) {
                d += (0.05 + 0.01 * k) * left[k][i / COLUMNS] * right[k][i % COLUMNS];
            }
            tuned[i] += (float) d;
        }
        Path file = write(tuned);
        EncodeOptions span = EncodeOptions.DEFAULT.withFidelity(Fidelity.SPAN).withStep(0.5);
        Path shared = folder.resolve("shared.wspan");
        EncodedRecord withThem = records.encode(file, shared, span, basis, base);
        assertThat(ranks(shared)).containsExactly(0);
        Path own = folder.resolve("own.wspan");
        EncodedRecord without = records.encode(file, own, span, Optional.empty(), base);
        assertThat(ranks(own)).containsExactly(3);
        assertThat(withThem.storedLength()).isLessThan(without.storedLength());
        // Of a file that has nothing along them they say nothing, and the factors stay.
        Path other = folder.resolve("other.wspan");
        records.encode(write(merged(center, 4, 5)), other, span, basis, base);
        assertThat(ranks(other)).containsExactly(4);
    }

    /** Three orthonormal vectors with energy everywhere. */
    private static double[][] axes(int length) {
        double[][] axes = new double[3][length];
        for (int k = 0; k < 3; k++) {
            for (int i = 0; i < length; i++) {
                axes[k][i] = Math.sqrt(2.0 / length) * Math.cos(Math.PI * (k + 1) * (i + 0.5) / length);
            }
        }
        return axes;
    }
}
