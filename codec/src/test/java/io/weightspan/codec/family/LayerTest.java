package io.weightspan.codec.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DType;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records with a first layer: a family whose members differ from their base along a few directions, and noise. */
class LayerTest {
    private static final int ROWS = 64;
    private static final int COLUMNS = 96;
    private static final int SHARED = 6;

    @TempDir
    private Path folder = Path.of("");

    private float[] center = new float[0];
    private float[] left = new float[0];
    private float[] right = new float[0];
    private Path baseFile = Path.of("");
    private Path basisFile = Path.of("");

    @BeforeEach
    void makeFamily() throws IOException {
        center = TestFiles.weights(ROWS * COLUMNS, 0.02, 1);
        left = TestFiles.weights(ROWS * SHARED, 1, 2);
        right = TestFiles.weights(SHARED * COLUMNS, 1, 3);
        baseFile = write("base", center, TestFiles.weights(COLUMNS, 1, 4), 0);
        List<SafetensorsFile> members = new ArrayList<>();
        for (int member = 1; member <= 10; member++) {
            members.add(SafetensorsFile.open(member("fitted" + member, member, "[64,96]")));
        }
        basisFile = folder.resolve("basis.safetensors");
        BasisFitter fitter = new BasisFitter(2, bytes -> {});
        try (SafetensorsFile base = SafetensorsFile.open(baseFile)) {
            assertThat(BasisFile.write(basisFile, fitter.fit(members, Optional.of(base), List.of()), 0.3))
                    .isPositive();
        }
        for (SafetensorsFile member : members) {
            member.close();
        }
    }

    private Path write(String name, float[] w, float[] bias, long head) throws IOException {
        return write(name, w, bias, head, "[64,96]");
    }

    private Path write(String name, float[] w, float[] bias, long head, String shape) throws IOException {
        return new TestFiles()
                .tensor("w", DType.BF16, shape, TestFiles.bf16(w))
                .tensor("bias", DType.BF16, "[96]", TestFiles.bf16(bias))
                .tensor("head", DType.F32, "[" + (3 + head) + ",5]",
                        TestFiles.f32(TestFiles.weights((int) (15 + 5 * head), 1, head)))
                .tensor("ids", DType.I64, "[2]", new byte[16])
                .tensor("same", DType.BF16, "[96]", TestFiles.bf16(bias))
                .write(folder.resolve(name + ".safetensors"));
    }

    /** A member: the base, shared directions with weights of its own, and a little noise. */
    private Path member(String name, long seed, String shape) throws IOException {
        return write(name, weights(seed), TestFiles.weights(COLUMNS, 1, seed), seed, shape);
    }

    private float[] weights(long seed) {
        Random random = new Random(100 + seed);
        float[] w = center.clone();
        for (int k = 0; k < SHARED; k++) {
            float size = (float) (random.nextGaussian() * 3e-3);
            for (int i = 0; i < w.length; i++) {
                w[i] += size * left[i / COLUMNS * SHARED + k] * right[k * COLUMNS + i % COLUMNS];
            }
        }
        for (int i = 0; i < w.length; i++) {
            w[i] += (float) (random.nextGaussian() * 2e-4);
        }
        return w;
    }

    private static Digest name(Path path) {
        return Digest.sha256(MemorySegment.ofArray(path.getFileName().toString().getBytes(StandardCharsets.UTF_8)));
    }

    private static Digest digest(Path path) throws IOException {
        return Digest.sha256(MemorySegment.ofArray(Files.readAllBytes(path)));
    }

    private EncodedRecord encode(Path file, Path out, boolean withBasis) throws IOException {
        return encode(file, out, withBasis, EncodeOptions.DEFAULT);
    }

    private EncodedRecord encode(Path file, Path out, boolean withBasis, EncodeOptions options) throws IOException {
        try (SafetensorsFile base = SafetensorsFile.open(baseFile);
                SafetensorsFile basis = SafetensorsFile.open(basisFile)) {
            Reference reference = new Reference(name(baseFile), digest(baseFile), Role.ROLE_BASE, base, 0);
            return RecordEncoder.encode(
                    file,
                    List.of(reference),
                    withBasis
                            ? Optional.of(BasisReference.of(name(basisFile), digest(basisFile), basis))
                            : Optional.empty(),
                    options.withThreads(2),
                    out,
                    Progress.NONE);
        }
    }

    private RecordDecoder open(Path record) throws IOException {
        return open(record, basisFile);
    }

    private RecordDecoder open(Path record, Path basis) throws IOException {
        return RecordDecoder.open(
                MappedSource.open(record),
                (object, file) -> SafetensorsFile.open(object.equals(name(baseFile)) ? baseFile : basis),
                Verification.FULL);
    }

    @Test
    void theRecordIsSmallerAndItsLayerNear() throws IOException {
        Path file = member("new", 77, "[64,96]");
        EncodedRecord plain = encode(file, folder.resolve("plain.wspan"), false);
        EncodedRecord layered = encode(file, folder.resolve("layered.wspan"), true);
        assertThat(layered.storedLength()).isLessThan(plain.storedLength());
        assertThat(layered.storedLength()).isEqualTo(Files.size(folder.resolve("layered.wspan")));
        assertThat(layered.dependencies()).extracting(Reference::role)
                .containsExactlyInAnyOrder(Role.ROLE_BASE, Role.ROLE_BASIS);
        try (RecordDecoder decoder = open(folder.resolve("layered.wspan"))) {
            decoder.verify(Progress.NONE);
            byte[] expected = Files.readAllBytes(file);
            assertThat(bytes(decoder)).isEqualTo(expected);
            RecordDecoder layer = decoder.layer().orElseThrow();
            byte[] view = bytes(layer);
            assertThat(view).hasSameSizeAs(expected).isNotEqualTo(expected);
            assertThat(layer.fileDigest()).isEqualTo(Digest.sha256(MemorySegment.ofArray(view)));
            assertThat(decoder.front().getLayer().getRelativeError()).isBetween(0.0, 0.6);
            assertThat(decoder.front().getLayer().getMaxAbsError()).isEqualTo(maxError(expected, view));
            ranges(decoder, expected);
            ranges(layer, view);
            assertThat(decoder.container().layer().orElseThrow().predictor(0)).isEqualTo(PredictorKind.MODES);
            assertThat(decoder.container().coding().predictor(0)).isEqualTo(PredictorKind.LAYER);
        }
        try (var left = Files.list(folder)) {
            assertThat(left.map(path -> path.getFileName().toString())).as("no scratch files")
                    .allMatch(path -> path.endsWith(".safetensors") || path.endsWith(".wspan"));
        }
    }

    /** Of the two BF16 tensors that coefficients serve; the others are exact in the layer. */
    private static double maxError(byte[] expected, byte[] view) {
        int begin = expected.length - (2 * ROWS * COLUMNS + 2 * COLUMNS + 4 * 5 * 80 + 16 + 2 * COLUMNS);
        double most = 0;
        for (int i = begin; i < begin + 2 * ROWS * COLUMNS + 2 * COLUMNS; i += 2) {
            most = Math.max(most, Math.abs((double) bf16(expected, i) - bf16(view, i)));
        }
        return most;
    }

    private static float bf16(byte[] bytes, int at) {
        return Float.intBitsToFloat((bytes[at] & 0xFF) << 16 | bytes[at + 1] << 24);
    }

    private static byte[] bytes(RecordDecoder decoder) throws IOException {
        byte[] whole = new byte[Math.toIntExact(decoder.length())];
        decoder.read(0, MemorySegment.ofArray(whole));
        return whole;
    }

    private static void ranges(RecordDecoder decoder, byte[] expected) throws IOException {
        Random random = new Random(5);
        for (int i = 0; i < 40; i++) {
            int from = random.nextInt(expected.length);
            byte[] part = new byte[random.nextInt(Math.min(3_000, expected.length - from))];
            decoder.read(from, MemorySegment.ofArray(part));
            assertThat(part).isEqualTo(Arrays.copyOfRange(expected, from, from + part.length));
        }
    }

    /** A shape that the family does not have, values that are not numbers, no difference at all: exact all the same. */
    @ParameterizedTest
    @ValueSource(strings = {"shape", "nan", "infinity", "base", "zero", "huge"})
    void unusualMembersAreExact(String what) throws IOException {
        float[] w = what.equals("base") ? center.clone() : weights(5);
        switch (what) {
            case "nan" -> w[7] = Float.NaN;
            case "infinity" -> w[9] = Float.NEGATIVE_INFINITY;
            case "zero" -> Arrays.fill(w, 0);
            case "huge" -> w[11] = 3e38f;
            default -> assertThat(what).isIn("shape", "base");
        }
        Path file = write(what, w, TestFiles.weights(COLUMNS, 1, 4), 2, what.equals("shape") ? "[96,64]" : "[64,96]");
        Path record = folder.resolve(what + ".wspan");
        EncodedRecord plain = encode(file, folder.resolve("plain.wspan"), false);
        assertThat(encode(file, record, true).storedLength()).isLessThan(plain.storedLength() * 101 / 100 + 1);
        try (RecordDecoder decoder = open(record)) {
            decoder.verify(Progress.NONE);
            assertThat(bytes(decoder)).isEqualTo(Files.readAllBytes(file));
        }
    }

    private io.weightspan.format.v1.Layer layer(Path record) throws IOException {
        try (RecordDecoder decoder = open(record)) {
            decoder.verify(Progress.NONE);
            return decoder.front().getLayer();
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.3, 0.6, 0.8, 0.9})
    void theStepIsFoundForAnEnergy(double energy) throws IOException {
        Path file = member("new", 77, "[64,96]");
        Path record = folder.resolve("energy.wspan");
        encode(file, record, true, EncodeOptions.DEFAULT.withEnergy(energy).keepingLayer());
        double left = Math.pow(layer(record).getRelativeError(), 2);
        assertThat(1 - left).isBetween(energy, energy + 0.05);
        Path span = folder.resolve("span.wspan");
        encode(file, span, true, EncodeOptions.DEFAULT.withFidelity(Fidelity.SPAN).withEnergy(energy));
        try (RecordDecoder decoder = open(span)) {
            left = Math.pow(decoder.front().getApproximation().getRelativeError(), 2);
            assertThat(1 - left).isBetween(energy, 1.0);
        }
    }

    @Test
    void anEnergyThatTheDirectionsDoNotHoldIsNearlyReached() throws IOException {
        Path file = member("new", 77, "[64,96]");
        Path record = folder.resolve("all.wspan");
        encode(file, record, true, EncodeOptions.DEFAULT.withEnergy(0.9999999).keepingLayer());
        double left = Math.pow(layer(record).getRelativeError(), 2);
        Path finest = folder.resolve("finest.wspan");
        encode(file, finest, true, EncodeOptions.DEFAULT.withStep(1.0 / 256).keepingLayer());
        double least = Math.pow(layer(finest).getRelativeError(), 2);
        assertThat(least).isGreaterThan(1e-7);
        assertThat(left).isBetween(0.9 * least, 1.021 * least);
    }

    @Test
    void oneWishSaysTheStep() {
        EncodeOptions options = EncodeOptions.DEFAULT.withStep(3).withRate(0.5);
        assertThat(options.withEnergy(0.9).rate()).isZero();
        assertThat(options.withEnergy(0.9).withRate(1).energy()).isZero();
        assertThat(options.withEnergy(0.9).withStep(2).energy()).isZero();
        for (double bad : new double[] {-0.1, 1, 1.5, Double.NaN}) {
            assertThatIllegalArgumentException().isThrownBy(() -> options.withEnergy(bad));
        }
        assertThatIllegalArgumentException().isThrownBy(
                () -> new EncodeOptions(1, 9, Fidelity.EXACT, 1.8, 0.5, 0.5, true));
    }

    /** What the estimates leave open is written both ways; what they don't must have come out as if it had been. */
    @ParameterizedTest
    @ValueSource(doubles = {0.25, 1, 1.8, 6, 16, 64})
    void theSmallerRecordIsKept(double step) throws IOException {
        Path file = member("new", 77, "[64,96]");
        EncodeOptions options = EncodeOptions.DEFAULT.withStep(step);
        for (Fidelity fidelity : List.of(Fidelity.EXACT, Fidelity.bounded(0.05))) {
            EncodeOptions of = options.withFidelity(fidelity);
            String name = fidelity.kind().name();
            long plain = encode(file, folder.resolve(name + "plain.wspan"), false, of).storedLength();
            long layered =
                    encode(file, folder.resolve(name + "layered.wspan"), true, of.keepingLayer()).storedLength();
            EncodedRecord chosen = encode(file, folder.resolve(name + "chosen.wspan"), true, of);
            assertThat(chosen.layered()).as("%s: %s, %s", fidelity, plain, layered)
                    .isEqualTo(layered <= 1.01 * plain);
            assertThat(chosen.storedLength()).isEqualTo(chosen.layered() ? layered : plain);
        }
    }

    @Test
    void estimatesDecideOnlyWhatIsFarApart() {
        LayerEstimate better = new LayerEstimate(1e6, 0.9e6, 1e6, 5);
        assertThat(better.isSurelyWithin(1.01)).isTrue();
        assertThat(better.isSurelyAbove(1.01)).isFalse();
        LayerEstimate close = new LayerEstimate(1e6, 1.01e6, 1e6, 5);
        assertThat(close.isSurelyWithin(1.01) || close.isSurelyAbove(1.01)).isFalse();
        LayerEstimate worse = new LayerEstimate(1e6, 1.06e6, 1e6, 5);
        assertThat(worse.isSurelyWithin(1.01)).isFalse();
        assertThat(worse.isSurelyAbove(1.01)).isTrue();
        // Of a small file the layer's own structures are no small part.
        assertThat(new LayerEstimate(5e4, 4.5e4, 0, 5).isSurelyWithin(1.01)).isFalse();
    }

    @Test
    void aBasisOfAnotherFamilyIsRefused() throws IOException {
        Path record = folder.resolve("layered.wspan");
        encode(member("new", 77, "[64,96]"), record, true);
        try (RecordDecoder decoder = open(record, baseFile)) {
            assertThatThrownBy(() -> bytes(decoder)).isInstanceOfSatisfying(ContainerException.class, e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.WRONG_DEPENDENCY);
                assertThat(e.tensor()).contains("w");
                assertThat(e).hasMessageContaining(name(basisFile).hex());
            });
        }
    }
}
