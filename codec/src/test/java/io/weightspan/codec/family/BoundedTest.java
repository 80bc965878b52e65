package io.weightspan.codec.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Approximation;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Records within a bound: the errors of every element are measured here, from the files alone. */
class BoundedTest {
    private static final int N = 90 * 70;

    @TempDir
    private Path folder = Path.of("");

    private final Records records = new Records();

    @AfterEach
    void close() throws IOException {
        records.close();
    }

    private static byte[] stored(DType dtype, float... values) {
        return switch (dtype) {
            case F32 -> TestFiles.f32(values);
            case BF16 -> TestFiles.bf16(values);
            default -> {
                ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
                for (float value : values) {
                    bytes.putShort(Float.floatToFloat16(value));
                }
                yield bytes.array();
            }
        };
    }

    /** Weights with a little of everything: usual ones, outliers, a vector, constants, zeros, what is no number. */
    private Path write(String name, DType dtype, boolean tuned) throws IOException {
        float[] w = TestFiles.weights(N, 0.02, 1);
        float[] vector = TestFiles.weights(70, 1, 2);
        if (tuned) {
            w = TestFiles.plus(w, TestFiles.weights(N, 1e-3, 3));
            vector = TestFiles.plus(vector, TestFiles.weights(70, 0.1, 4));
        }
        float[] outliers = w.clone();
        outliers[17] = dtype == DType.F32 ? 1e30f : 60_000;
        outliers[18] = -1e-30f;
        float[] nan = w.clone();
        nan[5] = Float.NaN;
        float[] infinite = w.clone();
        infinite[6] = Float.NEGATIVE_INFINITY;
        float[] constant = new float[N];
        Arrays.fill(constant, tuned ? 0.75f : 0.5f);
        return new TestFiles()
                .tensor("w", dtype, "[90,70]", stored(dtype, w))
                .tensor("same", dtype, "[90,70]", stored(dtype, TestFiles.weights(N, 0.02, 9)))
                .tensor("vector", dtype, "[70]", stored(dtype, vector))
                .tensor("outliers", dtype, "[90,70]", stored(dtype, outliers))
                .tensor("nan", dtype, "[90,70]", stored(dtype, nan))
                .tensor("infinite", dtype, "[90,70]", stored(dtype, infinite))
                .tensor("constant", dtype, "[90,70]", stored(dtype, constant))
                .tensor("zeros", dtype, "[90,70]", stored(dtype, new float[N]))
                .tensor("scalar", dtype, "[]", stored(dtype, tuned ? 3 : 2))
                .tensor("none", dtype, "[0,4]", new byte[0])
                .tensor("ids", DType.I64, "[2]", new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2})
                .tensor("double", DType.F64, "[1]", new byte[] {1, 2, 3, 4, 5, 6, 7, 8})
                .write(folder.resolve(name + ".safetensors"));
    }

    @ParameterizedTest
    @CsvSource({
        "F32, true, 0.01, true", "F32, true, 1, true", "F32, true, 40, true", "F32, false, 0.1, true",
        "BF16, true, 0.01, false", "BF16, true, 0.1, true", "BF16, true, 0.5, true", "BF16, true, 1, true",
        "BF16, false, 0.03, true", "BF16, false, 0.5, true", "F16, true, 0.05, true", "F16, true, 0.7, true",
        "F16, false, 0.2, true"
    })
    void everyElementIsWithinTheBound(DType dtype, boolean withBase, double eps, boolean pays) throws IOException {
        Path baseFile = write("base", dtype, false);
        Path file = write("tuned", dtype, true);
        Path record = folder.resolve("bounded.wspan");
        Reference[] references = withBase
                ? new Reference[] {records.reference(baseFile, Role.ROLE_BASE)}
                : new Reference[0];
        EncodedRecord encoded = records.encode(file, record, Fidelity.bounded(eps), references);
        byte[] original = Files.readAllBytes(file);
        byte[] decoded = records.verified(record);
        Measured measured = measure(original, decoded, withBase ? Files.readAllBytes(baseFile) : null, eps, record);
        assertThat(encoded.fileSha256()).isEqualTo(Records.digest(decoded));
        assertThat(encoded.originalSha256()).isEqualTo(Records.digest(original));
        if (!pays) {
            // A bound near the dtype's own spacing saves nothing: the record is exact then, and says so.
            assertThat(decoded).isEqualTo(original);
            try (RecordDecoder decoder = records.open(record)) {
                assertThat(decoder.front().hasApproximation()).isFalse();
            }
            return;
        }
        assertThat(measured.ofWeights()).isEqualTo(ResidualKind.BOUNDED);
        assertThat(measured.most()).as("the record is no copy").isPositive();

        try (RecordDecoder decoder = records.open(record)) {
            Approximation told = decoder.front().getApproximation();
            assertThat(Digest.of(told.getOriginalSha256())).isEqualTo(Records.digest(original));
            assertThat(told.getBound()).isEqualTo(eps);
            assertThat(told.getMaxAbsError()).isEqualTo(measured.most());
            assertThat(told.getRelativeError()).isCloseTo(measured.relative(), within(measured.relative() * 1e-9));
            assertThat(decoder.fileDigest()).isEqualTo(Records.digest(decoded));
        }
        Path exact = folder.resolve("exact.wspan");
        assertThat(encoded.storedLength())
                .isLessThan(records.encode(file, exact, Fidelity.EXACT, references).storedLength());
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(path -> path.getFileName().toString())).as("no scratch files")
                    .allMatch(path -> path.endsWith(".safetensors") || path.endsWith(".wspan"));
        }
    }

    /** What the front is to say. */
    private record Measured(double relative, double most, ResidualKind ofWeights) {}

    private Measured measure(byte[] original, byte[] decoded, byte @Nullable [] base, double eps, Path record)
            throws IOException {
        List<TensorInfo> tensors;
        Map<String, ResidualKind> residuals = new HashMap<>();
        try (RecordDecoder decoder = records.open(record)) {
            tensors = decoder.tensors();
            for (int t = 0; t < tensors.size(); t++) {
                residuals.put(tensors.get(t).name(), decoder.container().coding().residual(t));
            }
        }
        double errors = 0;
        double differences = 0;
        double most = 0;
        for (TensorInfo tensor : tensors) {
            byte[] own = Records.stored(original, tensor);
            byte[] found = Records.stored(decoded, tensor);
            if (List.of("same", "nan", "infinite", "zeros", "none", "ids", "double").contains(tensor.name())
                    && (base != null || !tensor.name().equals("same"))) {
                assertThat(found).as(tensor.name()).isEqualTo(own);
            }
            if (tensor.dtype() == DType.I64 || tensor.dtype() == DType.F64 || tensor.elementCount() == 0) {
                continue;
            }
            float[] a = Records.values(original, tensor);
            float[] b = Records.values(decoded, tensor);
            float[] from = base == null ? new float[a.length] : Records.values(base, tensor);
            double square = 0;
            double error = 0;
            for (int i = 0; i < a.length; i++) {
                double d = (double) a[i] - from[i];
                double e = Math.abs((double) a[i] - b[i]);
                square += d * d;
                error += e * e;
            }
            if (!(square < Double.POSITIVE_INFINITY)) {
                continue;
            }
            double bound = eps * Math.sqrt(square / a.length);
            for (int i = 0; i < a.length; i++) {
                double e = Math.abs((double) a[i] - b[i]);
                assertThat(e).as("%s[%s]", tensor.name(), i).isLessThanOrEqualTo(bound);
                most = Math.max(most, e);
            }
            errors += error;
            differences += square;
        }
        return new Measured(Math.sqrt(errors / differences), most, residuals.getOrDefault("w", ResidualKind.EQUAL));
    }

    @Test
    void aTighterBoundTakesMoreBytes() throws IOException {
        Reference base = records.reference(write("base", DType.F32, false), Role.ROLE_BASE);
        Path file = write("tuned", DType.F32, true);
        long before = Long.MAX_VALUE;
        for (double eps : new double[] {0.01, 0.05, 0.2, 0.5, 1}) {
            Path record = folder.resolve(eps + ".wspan");
            long size = records.encode(file, record, Fidelity.bounded(eps), base).storedLength();
            assertThat(size).as("a bound of %s", eps).isLessThan(before);
            before = size;
        }
    }

    /** Where the bound is near the spacing of the elements, too, bits are near Shannon's bound and a quarter of one. */
    @ParameterizedTest
    @CsvSource({"BF16, 0.2", "BF16, 0.3", "BF16, 0.45", "BF16, 0.7", "F16, 0.02", "F16, 0.03", "F16, 0.1"})
    void narrowElementsTakeNoMoreBitsThanTheirErrorIsWorth(DType dtype, double eps) throws IOException {
        int n = 128 * 128;
        float[] from = TestFiles.weights(n, 0.02, 5);
        Path baseFile = new TestFiles()
                .tensor("w", dtype, "[128,128]", stored(dtype, from))
                .write(folder.resolve("from.safetensors"));
        Path file = new TestFiles()
                .tensor("w", dtype, "[128,128]", stored(dtype, TestFiles.plus(from, TestFiles.weights(n, 1e-3, 6))))
                .write(folder.resolve("to.safetensors"));
        Path record = folder.resolve("narrow.wspan");
        records.encode(file, record, Fidelity.bounded(eps), records.reference(baseFile, Role.ROLE_BASE));
        byte[] decoded = records.verified(record);
        try (RecordDecoder decoder = records.open(record)) {
            TensorInfo tensor = decoder.tensors().getFirst();
            float[] own = Records.values(Files.readAllBytes(file), tensor);
            float[] near = Records.values(decoded, tensor);
            float[] center = Records.values(Files.readAllBytes(baseFile), tensor);
            double square = 0;
            double error = 0;
            for (int i = 0; i < n; i++) {
                square += Math.pow((double) own[i] - center[i], 2) / n;
                error += Math.pow((double) own[i] - near[i], 2) / n;
            }
            // What is smaller than an element's own rounding is no error that bits could be saved by.
            double bound = 0;
            for (float value : own) {
                double spacing = Math.scalb(1.0, Math.getExponent(value) - dtype.mantissaBits());
                bound += Math.log(square / Math.max(error, spacing * spacing / 12)) / Math.log(2) / 2 / n;
            }
            double bits = 8.0 * decoder.container().coding().storedLength(0) / n;
            assertThat(bits).isLessThan(bound + 0.38);
        }
    }

    /** A file of which nothing may change is no approximation, and its record says so. */
    @Test
    void aFileThatStaysExactIsNoApproximation() throws IOException {
        Path file = new TestFiles()
                .tensor("zeros", DType.F32, "[40,40]", new byte[6_400])
                .tensor("ids", DType.I64, "[1]", new byte[8])
                .write(folder.resolve("zeros.safetensors"));
        Path record = folder.resolve("zeros.wspan");
        EncodedRecord encoded = records.encode(file, record, Fidelity.bounded(0.1));
        assertThat(records.verified(record)).isEqualTo(Files.readAllBytes(file));
        assertThat(encoded.fileSha256()).isEqualTo(encoded.originalSha256());
        try (RecordDecoder decoder = records.open(record)) {
            assertThat(decoder.front().hasApproximation()).isFalse();
        }
    }

    /** Values so small that no step is left above 0, and so large that their squares are no float. */
    @Test
    void extremesOfTheDtypeAreWithinTheBoundToo() throws IOException {
        Path file = new TestFiles()
                .tensor("tiny", DType.F32, "[64,64]", TestFiles.f32(TestFiles.weights(4_096, 3e-45, 1)))
                .tensor("small", DType.F32, "[64,64]", TestFiles.f32(TestFiles.weights(4_096, 1e-38, 2)))
                .tensor("large", DType.F32, "[64,64]", TestFiles.f32(TestFiles.weights(4_096, 1e18, 3)))
                .tensor("huge", DType.F32, "[64,64]", TestFiles.f32(TestFiles.weights(4_096, 5e37, 4)))
                .write(folder.resolve("extremes.safetensors"));
        Path record = folder.resolve("extremes.wspan");
        records.encode(file, record, Fidelity.bounded(0.1));
        byte[] original = Files.readAllBytes(file);
        byte[] decoded = records.verified(record);
        try (RecordDecoder decoder = records.open(record)) {
            for (TensorInfo tensor : decoder.tensors()) {
                float[] a = Records.values(original, tensor);
                float[] b = Records.values(decoded, tensor);
                double square = 0;
                for (float value : a) {
                    square += (double) value * value;
                }
                for (int i = 0; i < a.length; i++) {
                    assertThat(Math.abs((double) a[i] - b[i]))
                            .as("%s[%s]", tensor.name(), i)
                            .isLessThanOrEqualTo(0.1 * Math.sqrt(square / a.length));
                }
            }
        }
    }
}
