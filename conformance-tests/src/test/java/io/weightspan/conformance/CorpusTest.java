package io.weightspan.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.weightspan.codec.container.Container;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.RecordDecoder;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The codec against the corpus, whose expectations come from the Python side alone. */
class CorpusTest {

    private static final Path RECIPES = Path.of("target", "recipes");

    @BeforeAll
    static void makeRecipes() throws Exception {
        Python.Result result = Python.module("weightspan_corpus", "recipes", RECIPES.toAbsolutePath().toString());
        assertThat(result.status()).as(result.output()).isZero();
    }

    @TestFactory
    Stream<DynamicTest> validRecordsDecodeAtEveryLevel() throws IOException {
        return Corpus.cases("valid", RECIPES).stream().map(one -> dynamicTest(one.toString(), () -> {
            for (Verification level : Verification.values()) {
                byte[] file = read(one, level);
                assertThat((long) file.length).as("%s", level).isEqualTo(one.length());
                assertThat(Digest.sha256(MemorySegment.ofArray(file)).hex()).as("%s", level)
                        .isEqualTo(one.sha256().orElseThrow());
            }
        }));
    }

    @TestFactory
    Stream<DynamicTest> firstLayersDecodeToTheirFile() throws IOException {
        return Corpus.cases("valid", RECIPES).stream()
                .filter(one -> one.layerSha256().isPresent())
                .map(one -> dynamicTest(one.toString(), () -> {
                    try (MappedSource source = MappedSource.open(one.record());
                            RecordDecoder record = RecordDecoder.open(
                                    source, new ObjectFolder(one.objects(), Verification.FULL), Verification.FULL)) {
                        RecordDecoder layer = record.layer().orElseThrow();
                        byte[] file = new byte[Math.toIntExact(layer.length())];
                        layer.read(0, MemorySegment.ofArray(file));
                        assertThat(Digest.sha256(MemorySegment.ofArray(file)).hex())
                                .isEqualTo(one.layerSha256().orElseThrow());
                        layer.verify(Progress.NONE);
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> rangesOfValidRecordsAreThoseOfTheFile() throws IOException {
        return Corpus.cases("valid", RECIPES).stream()
                .filter(one -> one.length() > 0)
                .map(one -> dynamicTest(one.toString(), () -> checkRanges(one)));
    }

    @TestFactory
    Stream<DynamicTest> hostileRecordsAreRefusedWithTheirCode() throws IOException {
        return Corpus.cases("hostile", RECIPES).stream().map(one -> dynamicTest(one.toString(), () -> {
            Throwable thrown = catchThrowable(() -> read(one, Verification.FULL));
            assertThat(thrown).isInstanceOf(ContainerException.class);
            ContainerException refused = (ContainerException) thrown;
            assertThat(refused.code().name()).as(refused.getMessage()).isIn(one.errors());
            assertThat(refused.getMessage()).as("R-ERR-001").contains(refused.code().name());
            assertThat(refused.container()).as("R-ERR-001: %s", refused).isPresent();
        }));
    }

    /** R-ROL-001: what needs no bytes but header, trailer, messages and schema is found without any other. */
    @TestFactory
    Stream<DynamicTest> structureIsCheckedAtEveryLevel() throws IOException {
        return Corpus.cases("hostile", RECIPES).stream()
                .filter(one -> isStructural(one.errors()))
                .map(one -> dynamicTest(one.toString(), () -> {
                    Throwable thrown = catchThrowable(() -> {
                        try (MappedSource source = MappedSource.open(one.record());
                                Container container = Container.open(source, Verification.STRUCTURE)) {
                            container.header();
                        }
                    });
                    assertThat(thrown).isInstanceOf(ContainerException.class);
                    assertThat(((ContainerException) thrown).code().name()).isIn(one.errors());
                }));
    }

    private static boolean isStructural(List<String> errors) {
        ErrorCode code = ErrorCode.valueOf(errors.getFirst());
        return errors.size() == 1
                && code.compareTo(ErrorCode.MALFORMED_INDEX) <= 0
                && code != ErrorCode.LIMIT_EXCEEDED
                && code != ErrorCode.CHUNK_CHECKSUM
                && code != ErrorCode.MALFORMED_CHUNK;
    }

    private static byte[] read(Corpus.Case one, Verification level) throws IOException {
        try (MappedSource source = MappedSource.open(one.record());
                RecordDecoder record = RecordDecoder.open(source, new ObjectFolder(one.objects(), level), level)) {
            if (level == Verification.FULL) {
                record.verify(Progress.NONE);
            }
            byte[] file = new byte[Math.toIntExact(record.length())];
            record.read(0, MemorySegment.ofArray(file));
            return file;
        }
    }

    private static void checkRanges(Corpus.Case one) throws IOException {
        byte[] whole = read(one, Verification.CHUNKS);
        Random random = new Random(one.id().hashCode());
        try (MappedSource source = MappedSource.open(one.record());
                RecordDecoder record = RecordDecoder.open(
                        source, new ObjectFolder(one.objects(), Verification.CHUNKS), Verification.CHUNKS)) {
            for (int n = 0; n < 12; n++) {
                int from = random.nextInt(whole.length);
                int to = from + random.nextInt(Math.min(whole.length - from, 1 + (1 << (2 * n))) + 1);
                byte[] range = new byte[to - from];
                record.read(from, MemorySegment.ofArray(range));
                assertThat(range).as("[%d, %d)", from, to).isEqualTo(Arrays.copyOfRange(whole, from, to));
            }
        }
    }
}
