package io.weightspan.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.EncodeOptions;
import io.weightspan.codec.family.EncodedRecord;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.RecordEncoder;
import io.weightspan.codec.family.Reference;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the Java encoder writes, read by the second reader: strict, every digest, the same bytes. */
class EncodedByJavaTest {

    private static final EncodeOptions OPTIONS = EncodeOptions.DEFAULT.withThreads(2);

    private static final Path FAMILY = Path.of("..", "demo", "vit-fmnist");

    @TempDir
    private Path folder;

    /** Stored records by digest of the original file. */
    private final Map<Path, Digest> records = new LinkedHashMap<>();

    @Test
    void syntheticFamiliesOfEveryDtype() throws Exception {
        SyntheticFamily family = new SyntheticFamily(20_260_101L);
        Path base = family.base(folder.resolve("base.safetensors"));
        Path tuned = family.fineTune(base, folder.resolve("tuned.safetensors"), 1);
        Path later = family.fineTune(tuned, folder.resolve("later.safetensors"), 2);
        Path converted = family.converted(base, folder.resolve("converted.safetensors"));
        EncodedRecord baseRecord = encode(base, List.of());
        try (SafetensorsFile baseFile = SafetensorsFile.open(base);
                SafetensorsFile tunedFile = SafetensorsFile.open(tuned)) {
            Reference asBase = reference(baseRecord, baseFile, Role.ROLE_BASE);
            EncodedRecord tunedRecord = encode(tuned, List.of(asBase));
            assertThat(tunedRecord.dependencies()).as("the fine-tune uses its base").isNotEmpty();
            encode(later, List.of(asBase, reference(tunedRecord, tunedFile, Role.ROLE_SIBLING)));
            encode(converted, List.of(asBase));
        }
        assertOracleAgrees();
    }

    @Test
    void oddFiles() throws Exception {
        SyntheticFamily family = new SyntheticFamily(7);
        encode(family.oddTensors(folder.resolve("odd.safetensors")), List.of());
        encode(family.write(folder.resolve("empty.safetensors"), List.of()), List.of());
        encodeOpaque(Files.write(folder.resolve("nothing.bin"), new byte[0]));
        encodeOpaque(Files.writeString(folder.resolve("config.json"), "{\"a\": 1}\n".repeat(3000)));
        encodeOpaque(Files.write(folder.resolve("two-blocks.bin"), family.bytes((1 << 20) + 17)));
        assertOracleAgrees();
    }

    /** The bundled family: a base, two of its fine-tunes, an adapter. */
    @Test
    void bundledFamily() throws Exception {
        Path base = FAMILY.resolve("base-bf16").resolve("model.safetensors");
        EncodedRecord baseRecord = encode(base, List.of());
        try (SafetensorsFile baseFile = SafetensorsFile.open(base)) {
            Reference asBase = reference(baseRecord, baseFile, Role.ROLE_BASE);
            for (String member : List.of("full-000", "full-001")) {
                EncodedRecord record = encode(FAMILY.resolve(member).resolve("model.safetensors"), List.of(asBase));
                assertThat(record.dependencies()).as("%s uses its base", member).isNotEmpty();
            }
        }
        encode(FAMILY.resolve("lora-000").resolve("adapter_model.safetensors"), List.of());
        assertOracleAgrees();
    }

    /** More real families, where they are at hand: the first adapter or model of each. */
    @Test
    void otherFamilies() throws Exception {
        Path shared = Path.of(System.getProperty("weightspan.shared", "../../shared"), "families");
        assumeTrue(Files.isDirectory(shared), "no more families at " + shared.toAbsolutePath());
        try (Stream<Path> families = Files.list(shared)) {
            for (Path family : families.filter(Files::isDirectory).sorted().toList()) {
                for (Path file : weights(family).stream().limit(1).toList()) {
                    encode(file, List.of());
                }
            }
        }
        assertOracleAgrees();
    }

    private static List<Path> weights(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(path -> path.toString().endsWith(".safetensors")).sorted().toList();
        }
    }

    private static Reference reference(EncodedRecord record, SafetensorsFile file, Role role) {
        return new Reference(record.objectSha256(), record.fileSha256(), role, file, record.depth());
    }

    private EncodedRecord encode(Path file, List<Reference> references) throws IOException {
        Path out = folder.resolve("record" + records.size());
        return stored(file, out, RecordEncoder.encode(file, references, OPTIONS, out, Progress.NONE));
    }

    private void encodeOpaque(Path file) throws IOException {
        Path out = folder.resolve("record" + records.size());
        stored(file, out, RecordEncoder.encodeOpaque(file, OPTIONS, out, Progress.NONE));
    }

    /** Names a record by its digest, as the oracle expects its dependencies. */
    private EncodedRecord stored(Path file, Path out, EncodedRecord record) throws IOException {
        assertThat(Digest.ofBytes(Digest.newHash().digest(Files.readAllBytes(out)))).isEqualTo(record.objectSha256());
        assertThat(Digest.ofBytes(Digest.newHash().digest(Files.readAllBytes(file)))).isEqualTo(record.fileSha256());
        Path objects = Files.createDirectories(folder.resolve("objects"));
        Path named = objects.resolve(record.objectSha256().hex());
        Files.move(out, named);
        records.put(named, record.fileSha256());
        return record;
    }

    private void assertOracleAgrees() throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of("weightspan_oracle", "digest"));
        StringBuilder expected = new StringBuilder();
        for (Map.Entry<Path, Digest> record : records.entrySet()) {
            arguments.add(record.getKey().toString());
            expected.append(record.getValue().hex()).append(' ').append(record.getKey()).append('\n');
        }
        arguments.addAll(List.of("--objects", folder.resolve("objects").toString()));
        Python.Result result = Python.module(arguments.toArray(String[]::new));
        assertThat(result.output().replace("\r\n", "\n")).isEqualTo(expected.toString());
        assertThat(result.status()).isZero();
    }
}
