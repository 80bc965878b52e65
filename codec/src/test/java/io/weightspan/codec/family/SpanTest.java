package io.weightspan.codec.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.SharedDirections;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Approximation;
import io.weightspan.format.v1.Role;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records that are a first layer alone: what their fronts tell is measured here from the files. */
class SpanTest {
    private static final EncodeOptions SPAN = EncodeOptions.DEFAULT.withFidelity(Fidelity.SPAN);

    @TempDir
    private Path folder = Path.of("");

    private final Records records = new Records();

    @AfterEach
    void close() throws IOException {
        records.close();
    }

    private Path file(String name, boolean tuned) throws IOException {
        float[] w = TestFiles.weights(64 * 48, 0.02, 1);
        float[] other = TestFiles.weights(64 * 48, 0.02, 2);
        float[] vector = TestFiles.weights(48, 1, 3);
        if (tuned) {
            w = TestFiles.plus(w, TestFiles.weights(64 * 48, 1e-3, 4));
            other = TestFiles.plus(other, TestFiles.weights(64 * 48, 2e-3, 5));
            vector = TestFiles.plus(vector, TestFiles.weights(48, 0.1, 6));
        }
        float[] nan = other.clone();
        nan[3] = tuned ? Float.NaN : 1;
        return new TestFiles()
                .tensor("w", DType.F32, "[64,48]", TestFiles.f32(w))
                .tensor("other", DType.BF16, "[64,48]", TestFiles.bf16(other))
                .tensor("vector", DType.F32, "[48]", TestFiles.f32(vector))
                .tensor("nan", DType.F32, "[64,48]", TestFiles.f32(nan))
                .tensor("again", DType.F32, "[64,48]", TestFiles.f32(w))
                .tensor("ids", DType.I64, "[2]", new byte[16])
                .write(folder.resolve(name + ".safetensors"));
    }

    @Test
    void theFrontTellsTheErrorsOfAllElements() throws IOException {
        Path baseFile = file("base", false);
        Path file = file("tuned", true);
        Path record = folder.resolve("span.wspan");
        EncodedRecord encoded =
                records.encode(file, record, SPAN, Optional.empty(), records.reference(baseFile, Role.ROLE_BASE));
        byte[] original = Files.readAllBytes(file);
        byte[] base = Files.readAllBytes(baseFile);
        byte[] decoded = records.verified(record);
        assertThat(encoded.fileSha256()).isEqualTo(Records.digest(decoded));
        assertThat(encoded.layered()).isTrue();
        double errors = 0;
        double differences = 0;
        double most = 0;
        try (RecordDecoder decoder = records.open(record)) {
            for (TensorInfo tensor : decoder.tensors()) {
                if (tensor.dtype() == DType.I64 || tensor.name().equals("nan")) {
                    assertThat(Records.stored(decoded, tensor)).isEqualTo(Records.stored(original, tensor));
                    continue;
                }
                float[] a = Records.values(original, tensor);
                float[] b = Records.values(decoded, tensor);
                float[] from = Records.values(base, tensor);
                for (int i = 0; i < a.length; i++) {
                    double e = (double) a[i] - b[i];
                    double d = (double) a[i] - from[i];
                    errors += e * e;
                    differences += d * d;
                    most = Math.max(most, Math.abs(e));
                }
            }
            Approximation told = decoder.front().getApproximation();
            assertThat(Digest.of(told.getOriginalSha256())).isEqualTo(Records.digest(original));
            assertThat(told.getBound()).isZero();
            assertThat(told.getMaxAbsError()).isEqualTo(most);
            assertThat(told.getRelativeError()).isCloseTo(Math.sqrt(errors / differences), within(1e-6));
            assertThat(decoder.fileDigest()).isEqualTo(Records.digest(decoded));
        }
    }

    /** A tensor that the layer keeps as it is counts among what the errors are measured over. */
    @Test
    void tensorsThatAreKeptCountToo() throws IOException {
        float[] w = TestFiles.weights(64 * 48, 0.02, 1);
        float[] more = TestFiles.plus(w, TestFiles.weights(64 * 48, 1e-3, 4));
        Path baseFile = new TestFiles()
                .tensor("w", DType.F32, "[64,48]", TestFiles.f32(w))
                .write(folder.resolve("base.safetensors"));
        // The base has no "own": it can't be but kept.
        Path file = new TestFiles()
                .tensor("w", DType.F32, "[64,48]", TestFiles.f32(more))
                .tensor("own", DType.F32, "[48]", TestFiles.f32(TestFiles.weights(48, 1, 2)))
                .write(folder.resolve("tuned.safetensors"));
        Path record = folder.resolve("span.wspan");
        records.encode(file, record, SPAN, Optional.empty(), records.reference(baseFile, Role.ROLE_BASE));
        byte[] original = Files.readAllBytes(file);
        byte[] decoded = records.verified(record);
        try (RecordDecoder decoder = records.open(record)) {
            TensorInfo own = decoder.tensors().get(1);
            assertThat(Records.stored(decoded, own)).isEqualTo(Records.stored(original, own));
            double errors = 0;
            double differences = 0;
            float[] a = Records.values(original, decoder.tensors().getFirst());
            float[] b = Records.values(decoded, decoder.tensors().getFirst());
            for (int i = 0; i < a.length; i++) {
                errors += Math.pow((double) a[i] - b[i], 2);
                differences += Math.pow((double) a[i] - w[i], 2);
            }
            for (float value : Records.values(original, own)) {
                differences += (double) value * value;
            }
            assertThat(decoder.front().getApproximation().getRelativeError())
                    .isCloseTo(Math.sqrt(errors / differences), within(1e-6));
        }
    }

    /** A file that nothing can be said of in fewer numbers is stored as it is. */
    @Test
    void aFileWithoutBaseAndDirectionsIsExact() throws IOException {
        Path file = file("alone", true);
        Path record = folder.resolve("alone.wspan");
        EncodedRecord encoded = records.encode(file, record, SPAN, Optional.empty());
        assertThat(records.verified(record)).isEqualTo(Files.readAllBytes(file));
        assertThat(encoded.fileSha256()).isEqualTo(encoded.originalSha256());
        assertThat(encoded.layered()).isFalse();
        try (RecordDecoder decoder = records.open(record)) {
            assertThat(decoder.front().hasApproximation()).isFalse();
        }
    }

    /** Adapters that share directions, each with factors mixed in another way. */
    private Path adapter(String name, long seed) throws IOException {
        Random random = new Random(seed);
        float[] left = TestFiles.weights(40 * 3, 1, 1);
        float[] right = TestFiles.weights(3 * 56, 1, 2);
        double[][] mixed = new double[3][3];
        for (double[] row : mixed) {
            for (int t = 0; t < 3; t++) {
                row[t] = random.nextGaussian();
            }
        }
        float[] b = new float[40 * 3];
        for (int i = 0; i < 40; i++) {
            for (int t = 0; t < 3; t++) {
                for (int s = 0; s < 3; s++) {
                    b[i * 3 + t] += (float) (left[i * 3 + s] * mixed[s][t]);
                }
            }
        }
        return new TestFiles()
                .tensor("q.lora_A.weight", DType.F32, "[3,56]", TestFiles.f32(right))
                .tensor("q.lora_B.weight", DType.F32, "[40,3]", TestFiles.f32(b))
                .tensor("alpha", DType.F32, "[]", TestFiles.f32(8))
                .write(folder.resolve(name + ".safetensors"));
    }

    @Test
    void anAdapterIsStoredByItsProduct() throws IOException {
        List<SafetensorsFile> members = new ArrayList<>();
        for (int member = 0; member < 6; member++) {
            members.add(SafetensorsFile.open(adapter("member" + member, 10 + member)));
        }
        List<SharedDirections> products = new BasisFitter(1, bytes -> {}).fitProducts(members);
        assertThat(products)
                .extracting(SharedDirections::name, SharedDirections::rows, SharedDirections::columns)
                .containsExactly(
                        tuple("q.lora_A.weight" + BasisFitter.PRODUCT, 40, 56),
                        tuple("q.lora_A.weight" + BasisFitter.PRODUCT + BasisFitter.COMPONENTS, 1, 3));
        Path basisFile = folder.resolve("basis.safetensors");
        BasisFile.write(basisFile, products, 0.01);
        Reference segment = records.reference(basisFile, Role.ROLE_BASIS);
        Path file = adapter("new", 99);
        Path record = folder.resolve("product.wspan");
        records.encode(file, record, SPAN.withStep(0.3), Optional.of(BasisReference.of(List.of(segment))));
        byte[] decoded = records.verified(record);
        byte[] original = Files.readAllBytes(file);
        try (RecordDecoder decoder = records.open(record)) {
            assertThat(decoder.container().coding().predictor(0)).isEqualTo(PredictorKind.PRODUCT);
            assertThat(decoder.container().coding().predictor(1)).isEqualTo(PredictorKind.PRODUCT);
            List<TensorInfo> tensors = decoder.tensors();
            double[] own = product(Records.values(original, tensors.get(1)), Records.values(original, tensors.get(0)));
            double[] near = product(Records.values(decoded, tensors.get(1)), Records.values(decoded, tensors.get(0)));
            double error = 0;
            double all = 0;
            double most = 0;
            for (int i = 0; i < own.length; i++) {
                most = Math.max(most, Math.abs(own[i] - near[i]));
                error += (own[i] - near[i]) * (own[i] - near[i]);
                all += own[i] * own[i];
            }
            double relative = Math.sqrt(error / all);
            assertThat(relative).isBetween(1e-6, 0.1);
            Approximation told = decoder.front().getApproximation();
            assertThat(told.getMaxAbsError()).isCloseTo(most, within(1e-12));
            // "alpha" counts, too, and has no error.
            assertThat(told.getRelativeError()).isCloseTo(Math.sqrt(error / (all + 64)), within(1e-9));
            assertThat(Records.stored(decoded, tensors.get(2))).isEqualTo(Records.stored(original, tensors.get(2)));
        }
        for (SafetensorsFile member : members) {
            member.close();
        }
    }

    @Test
    void anAdapterWithoutDirectionsIsStoredByBothFactors() throws IOException {
        Random random = new Random(5);
        float[] b = new float[40 * 3];
        float[] a = new float[3 * 56];
        for (int i = 0; i < b.length; i++) {
            b[i] = (float) random.nextGaussian();
        }
        for (int i = 0; i < a.length; i++) {
            a[i] = (float) (0.01 * random.nextGaussian());
        }
        Path file = new TestFiles()
                .tensor("q.lora_A.weight", DType.F32, "[3,56]", TestFiles.f32(a))
                .tensor("q.lora_B.weight", DType.BF16, "[40,3]", TestFiles.bf16(b))
                .write(folder.resolve("own.safetensors"));
        Path record = folder.resolve("own.wspan");
        records.encode(file, record, SPAN.withStep(0.1), Optional.empty());
        byte[] decoded = records.verified(record);
        byte[] original = Files.readAllBytes(file);
        try (RecordDecoder decoder = records.open(record)) {
            assertThat(decoder.container().coding().predictor(0)).isEqualTo(PredictorKind.BALANCED);
            assertThat(decoder.container().coding().predictor(1)).isEqualTo(PredictorKind.BALANCED);
            assertThat(decoder.front().getDependenciesCount()).isZero();
            List<TensorInfo> tensors = decoder.tensors();
            double[] own = product(Records.values(original, tensors.get(1)), Records.values(original, tensors.get(0)));
            double[] near = product(Records.values(decoded, tensors.get(1)), Records.values(decoded, tensors.get(0)));
            double error = 0;
            double all = 0;
            for (int i = 0; i < own.length; i++) {
                error += (own[i] - near[i]) * (own[i] - near[i]);
                all += own[i] * own[i];
            }
            // Of 40 * 56 coordinates of the product 3 * (40 + 56) are free to err, each by a twelfth of a squared step.
            assertThat(Math.sqrt(error / all)).isBetween(0.005, 0.02);
            assertThat(decoder.front().getApproximation().getRelativeError())
                    .isCloseTo(Math.sqrt(error / all), within(1e-9));
        }
    }

    /** A mean and two directions, mixed by the member. */
    private Path mixture(String name, long seed) throws IOException {
        Random random = new Random(seed);
        float[] w = TestFiles.weights(64 * 48, 1, 1);
        float[] vector = TestFiles.weights(96, 1, 2);
        for (int k = 0; k < 2; k++) {
            float size = (float) (0.3 * random.nextGaussian());
            float[] direction = TestFiles.weights(64 * 48, 1, 3 + k);
            float[] other = TestFiles.weights(96, 1, 5 + k);
            for (int i = 0; i < w.length; i++) {
                w[i] += size * direction[i];
            }
            for (int i = 0; i < vector.length; i++) {
                vector[i] += size * other[i];
            }
        }
        return new TestFiles()
                .tensor("w", DType.F32, "[64,48]", TestFiles.f32(w))
                .tensor("vector", DType.F32, "[96]", TestFiles.f32(vector))
                .write(folder.resolve(name + ".safetensors"));
    }

    /** Three numbers a tensor, as the first of the directions is the mean. */
    @Test
    void flattenedTensorsAreSumsOfDirections() throws IOException {
        List<SafetensorsFile> members = new ArrayList<>();
        for (int member = 0; member < 6; member++) {
            members.add(SafetensorsFile.open(mixture("member" + member, 10 + member)));
        }
        List<SharedDirections> spans = new BasisFitter(1, bytes -> {}).fitSpans(members, Optional.empty(), 3, 0);
        Path basisFile = folder.resolve("basis.safetensors");
        assertThat(BasisFile.write(basisFile, spans, 0.01)).isEqualTo(6);
        Reference segment = records.reference(basisFile, Role.ROLE_BASIS);
        BasisReference basis = BasisReference.of(List.of(segment));
        Path file = mixture("new", 99);
        Path record = folder.resolve("span.wspan");
        EncodedRecord encoded = records.encode(file, record, SPAN.withStep(0.5), Optional.of(basis));
        byte[] decoded = records.verified(record);
        byte[] original = Files.readAllBytes(file);
        assertThat(encoded.storedLength()).isLessThan(1_000);
        try (RecordDecoder decoder = records.open(record)) {
            for (TensorInfo tensor : decoder.tensors()) {
                assertThat(decoder.container().coding().entry(0).getMatrixDims()).isZero();
                float[] a = Records.values(original, tensor);
                float[] b = Records.values(decoded, tensor);
                double error = 0;
                double all = 0;
                for (int i = 0; i < a.length; i++) {
                    error += Math.pow((double) a[i] - b[i], 2);
                    all += (double) a[i] * a[i];
                }
                // Directions are stored with 31 steps to their largest element.
                assertThat(Math.sqrt(error / all)).isLessThan(0.05);
            }
        }
        Path exact = folder.resolve("exact.wspan");
        records.encode(file, exact, EncodeOptions.DEFAULT, Optional.of(basis));
        assertThat(records.verified(exact)).isEqualTo(original);
        for (SafetensorsFile member : members) {
            member.close();
        }
    }

    @Test
    void withoutABaseTheMeanIsTheCenter() throws IOException {
        List<SafetensorsFile> members = new ArrayList<>();
        for (int member = 0; member < 6; member++) {
            members.add(SafetensorsFile.open(mixture("member" + member, 10 + member)));
        }
        List<SharedDirections> slots =
                new BasisFitter(1, bytes -> {}).takingMeans().fit(members, Optional.empty(), List.of());
        assertThat(slots).singleElement().satisfies(slot -> assertThat(slot.mean()).isNotNull());
        Path basisFile = folder.resolve("basis.safetensors");
        BasisFile.write(basisFile, slots, 0.5);
        BasisReference basis = BasisReference.of(List.of(records.reference(basisFile, Role.ROLE_BASIS)));
        Path file = mixture("new", 99);
        Path record = folder.resolve("centred.wspan");
        records.encode(file, record, SPAN.withStep(1), Optional.of(basis));
        byte[] decoded = records.verified(record);
        byte[] original = Files.readAllBytes(file);
        try (RecordDecoder decoder = records.open(record)) {
            TensorInfo w = decoder.tensors().getFirst();
            TensorEntry entry = decoder.container().coding().entry(0);
            assertThat(entry.getCentred()).isTrue();
            assertThat(decoder.front().getDependencies(entry.getDependency()).getRole()).isEqualTo(Role.ROLE_BASIS);
            float[] a = Records.values(original, w);
            float[] b = Records.values(decoded, w);
            double error = 0;
            double all = 0;
            for (int i = 0; i < a.length; i++) {
                error += Math.pow((double) a[i] - b[i], 2);
                all += (double) a[i] * a[i];
            }
            // The mean alone is most of every member: a coarse step of the rest leaves out little of the whole.
            assertThat(Math.sqrt(error / all)).isLessThan(0.2);
        }
        Path exact = folder.resolve("exact.wspan");
        records.encode(file, exact, EncodeOptions.DEFAULT.withStep(1).keepingLayer(), Optional.of(basis));
        assertThat(records.verified(exact)).isEqualTo(original);
        for (SafetensorsFile member : members) {
            member.close();
        }
    }

    private static double[] product(float[] b, float[] a) {
        double[] product = new double[40 * 56];
        for (int i = 0; i < product.length; i++) {
            for (int t = 0; t < 3; t++) {
                product[i] += (double) b[i / 56 * 3 + t] * a[t * 56 + i % 56];
            }
        }
        return product;
    }
}
